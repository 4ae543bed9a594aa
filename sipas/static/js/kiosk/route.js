// Skip logic: what is not to be asked after the answers so far is left out of the sequence and its count, and does not
// travel with the form. The page's own style sheet does the same for the eye where scripts are off (`kiosk/skip_sheet.py`).
const conditions = (section) => (section.dataset.askedIf ?? "").split(" ").map((one) => {
  const [name, answers] = one.split("=");
  return [name, answers.split("|")];
});
const isOpen = (form, section) => conditions(section).every(([name, answers]) =>
  [...form.querySelectorAll(":checked")].some((one) => one.name === name && answers.includes(one.value)));

export default function route(form) {
  const sections = [...form.querySelectorAll("section")];
  const gated = sections.filter((section) => section.dataset.askedIf);

  const settle = () => {
    gated.forEach((section) => {
      section.hidden = !isOpen(form, section);
      section.querySelectorAll("fieldset, .written > input").forEach((one) => { one.disabled = section.hidden; });
    });
    const asked = sections.filter((section) => !section.hidden);
    asked.forEach((section, place) => {
      Object.assign(section.querySelector("progress"), { max: asked.length, value: place + 1 });
      section.querySelector(".progress p").lastChild.data = `${place + 1} / ${asked.length}`;
    });
    const here = form.querySelector("section:target");
    if (here?.hidden) location.replace(`#${asked.find((one) => sections.indexOf(one) > sections.indexOf(here)).id}`);
  };

  form.addEventListener("change", settle);
  form.addEventListener("reset", () => setTimeout(settle));
  ["hashchange", "pageshow", "words"].forEach((event) => addEventListener(event, settle));
  settle();
}

document.querySelectorAll("[data-questionnaire]").forEach((form) => route(form));
