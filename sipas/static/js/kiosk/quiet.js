// Brings a page that nobody touches back to the first one, so that the next person finds it as it was.
export default function quiet(place, seconds = 60) {
  let timer;
  const home = () => new URL(place.dataset.quiet, location.href).href; // a device's own script may still change it
  const back = () => { if (home() !== location.href) location.replace(home()); };
  const restart = () => { clearTimeout(timer); timer = setTimeout(back, seconds * 1000); };
  ["pointerdown", "keydown", "scroll"].forEach((event) => addEventListener(event, restart));
  restart();
}

document.querySelectorAll("[data-quiet]").forEach((place) => quiet(place));
