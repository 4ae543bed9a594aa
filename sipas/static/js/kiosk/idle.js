// On a shared screen: asks whoever may have left, counts down, and returns to the first page with nothing kept.
// The browser's own dialog keeps the page behind out of reach and gives the focus back; the countdown is seen each second
// and heard twice. An interview may be longer without a touch: its page says for how many seconds.
export default function idle(dialog, quiet = Number(dialog.dataset.idle) || 60, warning = 20) {
  const countdown = dialog.querySelector(".countdown");
  const heard = dialog.querySelector("[role=status]");
  let timer, left;

  const tick = () => {
    countdown.textContent = left;
    if (left === 10 || left === 5) heard.textContent = `${dialog.dataset.left} ${left}`;
    if (left-- > 0) { timer = setTimeout(tick, 1000); return; }
    leave();
  };
  // Where the wave keeps unfinished forms, whoever listens puts its work into `jobs`; nobody waits for it long.
  const leave = async () => {
    const [forms, jobs] = [[...document.querySelectorAll("form")], []];
    forms.forEach((form) => form.dispatchEvent(new CustomEvent("left", { detail: jobs })));
    if (jobs.length) await Promise.race([Promise.allSettled(jobs), new Promise((done) => setTimeout(done, 3000))]);
    forms.forEach((form) => form.reset());
    location.replace(dialog.dataset.home);
  };
  const ask = () => { left = warning; heard.textContent = ""; dialog.showModal(); tick(); };
  const restart = () => {
    clearTimeout(timer);
    if (dialog.open) dialog.close();
    timer = setTimeout(ask, quiet * 1000);
  };
  ["pointerdown", "keydown", "input"].forEach((event) => addEventListener(event, restart));
  restart();
}

document.querySelectorAll("[data-idle]").forEach((dialog) => idle(dialog));
