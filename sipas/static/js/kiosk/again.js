// A page that tells of a fault goes back to the first one by itself, once nobody has touched it for a minute and the first
// page can be had again: nobody has to come and press a button when the line is back, or a survey has begun.
export default function again(place, seconds = 60) {
  const home = place.dataset.again;
  let timer;
  const look = async () => {
    const reply = await fetch(home, { cache: "no-store" }).catch(() => null);
    if (reply?.ok) location.replace(home);
    else wait();
  };
  const wait = () => { clearTimeout(timer); timer = setTimeout(look, seconds * 1000); };
  ["pointerdown", "keydown", "scroll"].forEach((event) => addEventListener(event, wait));
  wait();
}

document.querySelectorAll("[data-again]").forEach((place) => again(place));
