// Answers that could not be stored are sent again without a touch, after longer and longer waits. A line that is down
// leaves the page as it is; any reply but "not now" is shown as if the button had been pressed.
export default function resend(form, times = 5) {
  const said = form.querySelector("[role=status]");
  let wait = Number(form.dataset.wait), left = wait;

  const send = async () => {
    try {
      const reply = await fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)) });
      if (reply.ok && reply.redirected) { location.replace(reply.url); return; }
      if (reply.status < 500) { form.submit(); return; }
    } catch { /* the line is down */ }
    wait = left = 2 * wait;
    if (--times > 0) tick();
    else if (form.dataset.home) location.replace(form.dataset.home);
    else said.textContent = "";
  };
  const tick = () => {
    if (left % 5 === 0) said.textContent = form.dataset.resend.replace("{n}", left);
    if (left-- > 0) setTimeout(tick, 1000);
    else send();
  };
  tick();
}

document.querySelectorAll("[data-resend]").forEach((form) => resend(form));
