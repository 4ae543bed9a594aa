// Brings a page that nobody touches back to the first one, so that the next person finds it as it was.
export default function quiet(place, seconds = 60) {
  const home = new URL(place.dataset.quiet, location.href);
  if (home.href === location.href) return;
  let timer;
  const restart = () => { clearTimeout(timer); timer = setTimeout(() => location.replace(home.href), seconds * 1000); };
  ["pointerdown", "keydown", "scroll"].forEach((event) => addEventListener(event, restart));
  restart();
}
