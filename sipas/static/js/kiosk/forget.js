// A browser may bring a whole page back from its memory, filled form included. Nobody shall read a stranger's answers.
export default function forget(form) {
  addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    form.reset();
    location.reload();
  });
}

document.querySelectorAll("[data-questionnaire]").forEach((form) => forget(form));
