// The page of a screen: enrols it with a code, and shows staff what it holds behind a PIN.
import { moment } from "./device/clock.js";
import { NOTHING } from "./device/keep.js";
import { note, whole } from "./device/log.js";
import { send } from "./device/send.js";
import { base64, change, get, hex, known, open, put, waiting } from "./device/store.js";
import { workerAt } from "./trusted.js";

const FEW = 200; // messages of room below which staff are told
const MESSAGE = 4_000; // bytes that one message takes on disk, generously
const TRIES = 5, REST = 60_000;
const page = document.querySelector("[data-device]");
const point = page.dataset.device;
const part = (name) => page.querySelector(`[data-${name}]`);
const say = (text) => { part("said").textContent = text; };
async function hashed(pin, salt) {
  const key = await crypto.subtle.importKey("raw", new TextEncoder().encode(pin), "PBKDF2", false, ["deriveBits"]);
  const bits = await crypto.subtle.deriveBits({ name: "PBKDF2", hash: "SHA-256", salt, iterations: 200_000 }, key, 256);
  return hex(new Uint8Array(bits));
}

async function begin() {
  if (!globalThis.isSecureContext || !navigator.serviceWorker) { part("insecure").hidden = false; return; }
  const db = (await known(point)) ? await open(point) : null;
  const device = db && (await get(db, "device"));
  if (device?.id && !(await get(db, "revoked"))) { part("pin").hidden = false; part("pin").pin.focus(); return; }
  if (db && (await get(db, "revoked"))) {
    part("revoked").hidden = false;
    part("left").textContent = String((await waiting(db)).length);
  }
  part("enrol").hidden = false;
  const code = new URLSearchParams(location.hash.slice(1)).get("code");
  if (code) { part("enrol").code.value = code; history.replaceState(null, "", location.pathname + location.search); }
  carryCode();
}

// What was typed of the code goes along into another language, behind the `#`, as it came from the desk.
function carryCode() {
  document.querySelectorAll(".switch a").forEach((link) => link.addEventListener("click", () => {
    const code = part("enrol").code.value;
    link.hash = code ? new URLSearchParams({ code }).toString() : "";
  }));
}

// The key is made and stored first, so that a lost reply can be asked for again with the same pair.
async function keys(db) {
  const fresh = await get(db, "fresh");
  if (fresh) return fresh;
  const pair = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign", "verify"]);
  await put(db, "fresh", pair);
  return pair;
}

async function enrol(code, pin) {
  const db = await open(point);
  const pair = await keys(db);
  const key = base64(new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey)));
  const reply = await fetch(location.pathname, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ code, key }),
  });
  const said = await reply.json().catch(() => ({}));
  if (!reply.ok) { say(said.reason ?? page.dataset.failed); return; }
  const salt = crypto.getRandomValues(new Uint8Array(16));
  const check = { salt, hash: await hashed(pin, salt), wrong: 0 };
  await change(db, ({ about }) => {
    about.put({ id: said.device, keys: pair, enrolled: said.enrolled }, "device");
    about.put({ seen: said.now, off: said.now - Date.now() }, "clock");
    about.put(check, "pin");
    about.put({ ...NOTHING }, "account");
    about.delete("fresh");
    about.delete("revoked");
    about.delete("pause");
  });
  await recount(db);
  await note(db, "enrolled");
  await navigator.storage?.persist?.();
  await install();
  part("enrol").hidden = true;
  say("");
  await show(db);
}

// What an earlier device at this point had sealed is now this one's to send.
async function recount(db) {
  const left = (await waiting(db)).length;
  await change(db, async ({ about, queue }) => {
    const asked = queue.openCursor();
    asked.onsuccess = () => {
      if (!asked.result) return;
      asked.result.update({ ...asked.result.value, batch: 0 });
      asked.result.continue();
    };
    about.put({ ...NOTHING, made: left }, "account");
  });
}

async function install() {
  await navigator.serviceWorker.register(workerAt(page.dataset.worker), { scope: `/k/${point}`, updateViaCache: "none" });
  await navigator.serviceWorker.ready;
}

async function show(db) {
  const { persisted, estimate } = { persisted: false, estimate: {} };
  const kept = (await navigator.storage?.persisted?.()) ?? persisted;
  const { quota = 0, usage = 0 } = (await navigator.storage?.estimate?.()) ?? estimate;
  const account = (await get(db, "account")) ?? NOTHING;
  const clock = (await get(db, "clock")) ?? { seen: 0, off: 0 };
  const room = Math.floor((quota - usage) / MESSAGE);
  const yes = (value) => (value ? page.dataset.yes : page.dataset.no);
  const device = await get(db, "device");
  const values = {
    line: yes(await reachable()),
    waiting: (await waiting(db)).length,
    made: account.made,
    contact: (await get(db, "contact")) ?? "–",
    persistent: yes(kept),
    room: room > 100_000 ? "> 100 000" : room,
    whole: yes(await whole(db)),
    software: await version(),
    device: device.id.slice(0, 8),
  };
  for (const [name, value] of Object.entries(values)) page.querySelector(`[data-value=${name}]`).textContent = value;
  part("full").hidden = room >= FEW;
  part("clock").hidden = Math.abs(clock.off) < 86_400_000 && !moment(clock).doubt;
  part("state").hidden = false;
  await put(db, "device", { ...device, software: values.software });
}

const reachable = () => fetch("/health", { cache: "no-store" }).then((reply) => reply.ok, () => false);

async function version() {
  const names = (await caches.keys()).filter((name) => name.startsWith(`sipas ${point} `));
  return names.map((name) => name.split(" ").at(-1)).join(", ") || "–";
}

async function check(db, given) {
  const kept = await get(db, "pin");
  if (kept.wrong >= TRIES && Date.now() - kept.at < REST && Date.now() >= kept.at) { say(page.dataset.tooOften); return false; }
  const right = (await hashed(given, kept.salt)) === kept.hash;
  const wrong = right ? 0 : (kept.wrong % TRIES) + 1;
  await put(db, "pin", { ...kept, wrong, at: Date.now() });
  say(right ? "" : page.dataset.wrongPin);
  return right;
}

part("enrol").addEventListener("submit", async (event) => {
  event.preventDefault();
  const { code, pin } = event.target;
  await enrol(code.value, pin.value).catch(() => say(page.dataset.failed));
  if (event.target.hidden) event.target.reset(); // a code that was mistyped is no reason to ask for the PIN anew
});
part("pin").addEventListener("submit", async (event) => {
  event.preventDefault();
  const given = event.target.pin.value;
  event.target.reset();
  const db = await open(point);
  if (!(await check(db, given))) return;
  event.target.hidden = true;
  await show(db);
});
part("send").addEventListener("click", async () => {
  const db = await open(point);
  const result = await send(db, point, { now: true });
  say({ done: page.dataset.sent, busy: page.dataset.busy }[result] ?? page.dataset.failed);
  if (result === "revoked") location.reload();
  else await show(db);
});
begin();
