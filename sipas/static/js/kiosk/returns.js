// The last page of a kiosk goes back to the first one, and shows when.
export default function returns(link, seconds = Number(link.dataset.returns)) {
  const text = link.textContent.trim();
  const tick = () => {
    link.textContent = `${text} (${seconds})`;
    if (seconds-- > 0) setTimeout(tick, 1000);
    else location.replace(link.href);
  };
  tick();
}
