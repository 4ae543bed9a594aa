// On a shared screen: asks whoever may have left, counts down, and returns to the first page with nothing kept.
export default function idle(panel, quiet = 60, warning = 20) {
  const countdown = panel.querySelector(".countdown");
  const stay = panel.querySelector("button");
  let timer, left;

  const tick = () => {
    countdown.textContent = left;
    if (left-- > 0) { timer = setTimeout(tick, 1000); return; }
    document.querySelectorAll("form").forEach((form) => form.reset());
    location.replace(panel.dataset.home);
  };
  const ask = () => { panel.hidden = false; left = warning; stay.focus(); tick(); };
  const restart = () => {
    clearTimeout(timer);
    panel.hidden = true;
    timer = setTimeout(ask, quiet * 1000);
  };
  ["pointerdown", "keydown", "input"].forEach((event) => addEventListener(event, restart));
  restart();
}
