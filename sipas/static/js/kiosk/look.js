// Contrast and large letters on the way from page to page. The server knows them from the address; a page out of the
// device's own store was made without, and the boxes of a questionnaire change them without any address.
export default function look(page) {
  const boxes = [...page.querySelectorAll("input[data-look]")];
  const asked = (new URLSearchParams(location.search).get("look") ?? "").split("-").filter(Boolean);

  const led = (link, words) => {
    const url = new URL(link.href);
    url.searchParams.delete("look");
    if (words.length) url.searchParams.set("look", words.join("-"));
    link.href = url.pathname + url.search + url.hash;
  };
  const keep = () => {
    const on = boxes.length ? boxes.filter((box) => box.checked).map((box) => box.dataset.look) : asked;
    page.querySelectorAll("a[data-keeps-look]").forEach((link) => led(link, on));
    page.querySelectorAll("a[data-look]").forEach((link) => {
      const { look: word } = link.dataset;
      const without = on.filter((one) => one !== word);
      if (on.includes(word)) link.setAttribute("aria-current", "true");
      led(link, on.includes(word) ? without : [...on, word].sort());
    });
  };

  if (boxes.length) boxes.forEach((box) => { box.checked ||= asked.includes(box.dataset.look); box.addEventListener("change", keep); });
  else page.classList.add(...asked.filter((word) => ["contrast", "large"].includes(word)));
  keep();
}

look(document.documentElement);
