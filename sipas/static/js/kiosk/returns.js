// The last page of a kiosk goes back to the first one, and shows when.
export default function returns(link, seconds = Number(link.dataset.returns)) {
  const left = document.createElement("span");
  left.setAttribute("aria-hidden", "true");
  link.append(" ", left);
  const tick = () => {
    left.textContent = `(${seconds})`;
    if (seconds-- > 0) setTimeout(tick, 1000);
    else location.replace(link.href);
  };
  tick();
}

document.querySelectorAll("[data-returns]").forEach((link) => returns(link));
