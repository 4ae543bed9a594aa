// What the pages of an enrolled device do besides: seal, wait, send, and change to new pages between visits only.
import { moment } from "./device/clock.js";
import { sealing } from "./device/form.js";
import preset from "./device/preset.js";
import { send } from "./device/send.js";
import { change, get, known, open } from "./device/store.js";

const { point, staff, staffWord } = document.body.dataset;
const OFTEN = 30_000, HOURLY = 3_600_000;

// The store of an enrolled device; null where this browser is not enrolled, or not any more.
async function enrolled() {
  if (!(await known(point))) return null;
  const db = await open(point);
  return (await get(db, "device"))?.id && !(await get(db, "revoked")) ? db : null;
}

preset();
addEventListener("words", () => preset()); // another language was laid over the page
const ready = enrolled().catch(() => null);
document.querySelectorAll("[data-questionnaire]").forEach((form) => sealing(form, point, ready));
const db = await ready;
if (db) {
  const betweenVisits = document.body.classList.contains("start-page");
  const tick = () => send(db, point).catch(() => {});
  tick();
  setInterval(tick, OFTEN);
  addEventListener("online", tick);
  if (betweenVisits) {
    update();
    wayForStaff();
  }
  document.querySelectorAll("[data-questionnaire]").forEach((form) => over(form));
}

// A new version waits until the first page is shown; then it takes over and the page starts anew.
async function update() {
  const registration = await navigator.serviceWorker.getRegistration(`/k/${point}`);
  if (!registration) return;
  navigator.serviceWorker.addEventListener("controllerchange", () => location.reload());
  const change = () => registration.waiting?.postMessage("between visits");
  const watch = (worker) => worker?.addEventListener("statechange", change);
  watch(registration.installing);
  registration.addEventListener("updatefound", () => watch(registration.installing));
  change();
  const ask = () => registration.update().catch(() => {});
  ask();
  setInterval(ask, HOURLY);
}

function wayForStaff() {
  const link = document.createElement("a");
  link.href = staff;
  link.textContent = staffWord;
  document.querySelector(".stored")?.append(" ", link);
}

// A wave that has ended asks nobody any more, also where the line is down and nobody could say so. What the server said
// of it holds for the pages of then: new pages mean that something is asked again.
async function over(form) {
  const { wave, closes } = form.dataset;
  if ((await get(db, "pages")) !== wave) {
    await change(db, ({ about }) => { about.put(wave, "pages"); about.delete("asks"); });
  }
  const { date, doubt } = moment(await get(db, "clock"));
  if ((await get(db, "asks")) !== "" && !(closes && !doubt && date > closes)) return;
  const sentence = Object.assign(document.createElement("h1"), { textContent: form.dataset.over });
  document.querySelector("main").replaceChildren(sentence);
}
