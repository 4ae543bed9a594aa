// Goes on by itself after a touch, and says on the next screen what was chosen, with a way back. A touch in the moment
// after that was meant for the screen before (a second tap, "Continue" pressed too): it meets nothing.
// Only a pointer advances: who moves through the levels with arrow keys has not chosen yet. What must be chosen is asked
// for where it stands, not at the end.
function missing(place) {
  if (!place || place.querySelector(":checked")) return false;
  const said = place.querySelector(".wrong") ?? document.createElement("p");
  Object.assign(said, { className: "wrong", textContent: place.dataset.needs }).dataset.added = "";
  said.setAttribute("role", "alert");
  place.querySelector("legend").after(said);
  place.addEventListener("change", () => said.remove(), { once: true });
  place.querySelector("input[type=radio]").focus({ preventScroll: true });
  said.scrollIntoView({ block: "center" });
  return true;
}

// The next section that is to be asked (`route.js` hides the others).
function following(section) {
  const next = section.nextElementSibling;
  return next?.hidden ? following(next) : next;
}

export default function advance(form, wait = 450, deaf = 500) {
  let timer;
  const undo = document.createElement("p");
  undo.className = "undo";
  undo.dataset.added = "";
  undo.setAttribute("role", "status");

  const go = (section, word) => {
    const back = document.createElement("a");
    back.href = `#${section.id}`;
    back.textContent = form.dataset.change;
    undo.replaceChildren(`${form.dataset.chosen} ${word} `, back);
    const next = following(section);
    location.hash = next.id;
    next.querySelector(".ways").before(undo);  // below the answers, which stay where they were
    form.classList.add("arriving");
    setTimeout(() => form.classList.remove("arriving"), deaf);
  };

  form.addEventListener("click", (event) => {
    if (missing(event.target.closest("a.next")?.closest("section").querySelector("[data-needs]"))) event.preventDefault();
    const section = event.target.closest("section[data-advances]");
    if (!section || event.target.type !== "radio" || event.detail === 0) return;
    clearTimeout(timer);
    timer = setTimeout(() => go(section, event.target.parentElement.querySelector(".word").firstChild.textContent.trim()), wait);
  });
  form.addEventListener("keydown", (event) => {
    clearTimeout(timer);
    const section = event.target.closest("section[data-advances]");
    if (section && event.key === "Enter" && event.target.type === "radio") location.hash = following(section).id;
  });
  addEventListener("hashchange", () => {
    clearTimeout(timer);
    if (!form.querySelector("section:target")?.contains(undo)) undo.remove();
    scrollTo(0, 0);
  });
}

document.querySelectorAll("[data-questionnaire]").forEach((form) => advance(form));
