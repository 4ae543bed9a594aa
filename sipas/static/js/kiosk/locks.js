// Answers that a respondent gave alone are hidden by the page's own style sheet as soon as their box is ticked (see
// `kiosk/hand_over.py`). This only goes to the screen that says so, so that it begins at its top and is read out.
export default function locks(box) {
  box.addEventListener("change", () => { if (box.checked) location.hash = box.dataset.then; });
}

document.querySelectorAll("[data-lock]").forEach((box) => locks(box));
