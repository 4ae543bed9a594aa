// A field that leaves those tiles whose words begin with what is typed, in whatever marks and case: "ho tich" leaves
// "Hộ tịch", and so does "khai sinh", which stands below it. What is chosen stays in sight, and where nothing fits all are
// shown again, which is said. Where all are in view there is nothing to find, and no field.
const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase().replaceAll("đ", "d");
const words = (text) => plain(text).match(/[\p{L}\p{N}]+/gu) ?? [];

export const fits = (name, typed) => {
  const has = words(name);
  return words(typed).every((part) => has.some((word) => word.startsWith(part)));
};

export default function find(place) {
  const box = place.querySelector("input");
  const said = document.createElement("p");
  said.className = "hint";
  said.dataset.added = "";
  said.setAttribute("role", "status");
  const options = [...place.parentElement.querySelectorAll(".option")];
  const narrow = () => {
    const fitting = options.filter((option) => fits(option.textContent, box.value));
    const shown = fitting.length ? fitting : options;
    options.forEach((option) => { option.hidden = !shown.includes(option) && !option.querySelector(":checked"); });
    const count = fitting.length ? `${place.dataset.find} ${fitting.length} / ${options.length}` : place.dataset.none;
    said.textContent = words(box.value).length ? count : "";
  };
  const offer = () => {
    const below = options.at(-1).getBoundingClientRect().bottom + scrollY > innerHeight;
    place.toggleAttribute("data-works", below || box.value !== "");
  };
  const show = () => { place.append(said); narrow(); offer(); };

  if (place.closest("[data-kiosk]")) {  // the keyboard of a kiosk's screen, fetched when it is wanted
    box.inputMode = "none";
    box.addEventListener("click", async () => {
      (await import("./keyboard.js")).default(box);
      box.dispatchEvent(new Event("click"));
    }, { once: true });
  }
  box.addEventListener("input", narrow);
  box.form.addEventListener("reset", () => setTimeout(narrow));
  addEventListener("words", show);
  ["hashchange", "resize", "change", "load"].forEach((event) => addEventListener(event, offer));
  show();
}

document.querySelectorAll("[data-find]").forEach((place) => find(place));
