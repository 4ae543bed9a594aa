// Sends what waits: shuffled, in batches, each signed and numbered. A batch whose reply was lost goes again as it was.
// What belongs to a wave that the server does not know (its database was set back) stays here and is offered again.
import { met, moment } from "./clock.js";
import { added, NOTHING } from "./keep.js";
import { again, isDue, KINDS, wait } from "./lanes.js";
import { note } from "./log.js";
import { base64, change, done, get, put, shuffled, waiting } from "./store.js";

const BATCH = 20;
const utf8 = new TextEncoder();

// "busy" where another tab is at it, "revoked", "failed", or "done". `now` sends what is not due yet too.
export function send(db, point, { now = false } = {}) {
  const alone = (lock) => (lock ? sendAll(db, point, now) : "busy");
  return navigator.locks.request(`sipas-send-${point}`, { ifAvailable: true }, alone);
}

async function sendAll(db, point, now) {
  const device = await get(db, "device");
  if (!device?.id) return "unknown";
  if (await get(db, "revoked")) return "revoked";
  const pause = await get(db, "pause");
  if (!now && pause && Date.now() < pause.until && pause.until - Date.now() < 7_200_000) return "waiting";
  try {
    await unfinished(db, point, device);
    const at = moment(await get(db, "clock"));
    const contact = await get(db, "contact");
    let heard = false;
    for (const kind of KINDS) {
      const lanes = (await get(db, "lanes")) ?? {};
      // What comes in meanwhile waits for its own turn.
      const lot = new Set((await waiting(db)).filter((one) => one.kind === kind).map((one) => one.digest));
      if (lot.size === 0 || !(now || isDue(lanes[kind], lot.size, at))) continue;
      for (;;) {
        const batch = await choose(db, lot);
        if (!batch.length) break;
        await post(db, point, device, batch);
        batch.forEach((one) => lot.delete(one.digest)); // what stays has had its turn
        heard = true;
      }
    }
    if (!heard && (now || contact !== at.date)) await post(db, point, device, []); // once a day the desk hears of us
    await put(db, "pause", null);
    return "done";
  } catch (error) {
    if (error instanceof Revoked) return "revoked";
    const fails = (pause?.fails ?? 0) + 1;
    await put(db, "pause", { fails, until: again(Math.min(fails, 7), Date.now()) });
    return "failed";
  }
}

class Revoked extends Error {}

// A batch that was marked and never answered, perhaps before a power cut.
async function unfinished(db, point, device) {
  const marked = (await waiting(db)).filter((one) => one.batch > 0);
  if (marked.length) await post(db, point, device, marked);
}

// Marks the next batch on disk before it goes.
function choose(db, lot) {
  return change(db, async ({ about, queue }) => {
    const account = (await done(about.get("account"))) ?? NOTHING;
    const [keys, all] = await Promise.all([done(queue.getAllKeys()), done(queue.getAll())]);
    const mine = shuffled(keys.map((key, place) => [key, all[place]]).filter(([, one]) => lot.has(one.digest)));
    return mine.slice(0, BATCH).map(([key, one]) => {
      const marked = { ...one, batch: account.batch + 1 };
      queue.put(marked, key);
      return marked;
    });
  });
}

async function post(db, point, device, batch) {
  const account = (await get(db, "account")) ?? NOTHING;
  const sent = shuffled(batch);
  const body = utf8.encode(JSON.stringify({
    device: device.id,
    point,
    batch: account.batch + 1,
    made: account.made,
    waiting: (await waiting(db)).length,
    settled: account.settled,
    settled_sum: account.sum.toString(16).padStart(64, "0"),
    persistent: (await navigator.storage?.persisted?.()) ?? null,
    software: device.software ?? "",
    clock: Math.max(0, Math.round(Date.now() / 1000)),
    messages: sent.map((one) => ({ wave: one.wave, kind: one.kind, sealed: base64(one.sealed) })),
  }));
  const signature = await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, device.keys.privateKey, body);
  const reply = await fetch(`/k/${point}/sealed`, {
    method: "POST",
    body,
    headers: { "Content-Type": "application/json", "X-Signature": base64(new Uint8Array(signature)) },
    cache: "no-store",
  });
  const said = await reply.json().catch(() => ({}));
  if (reply.status === 403 && said.enrolled === false) {
    await put(db, "revoked", true);
    await note(db, "revoked");
    throw new Revoked();
  }
  if (reply.status === 409 && Number.isInteger(said.batch)) {
    await renumber(db, said.batch);
    throw new Error("this device was set back; the batch goes again under a new number");
  }
  if (!reply.ok || said.outcomes?.length !== batch.length) throw new Error(`the server said ${reply.status}`);
  await settle(db, sent.filter((_, place) => said.outcomes[place] !== "unknown"), batch, said);
}

async function settle(db, taken, batch, said) {
  const clock = met(said.now);
  const { time, date } = moment(clock);
  await change(db, async ({ about, queue }) => {
    const gone = new Set(taken.map((one) => one.digest));
    const tried = new Set(batch.map((one) => one.digest));
    const [keys, all] = await Promise.all([done(queue.getAllKeys()), done(queue.getAll())]);
    keys.forEach((key, place) => {
      if (gone.has(all[place].digest)) queue.delete(key);
      else if (tried.has(all[place].digest)) queue.put({ ...all[place], batch: 0 }, key);
    });
    const account = (await done(about.get("account"))) ?? NOTHING;
    const settled = account.settled + taken.length;
    about.put({ ...account, settled, sum: added(account.sum, taken), batch: said.batch }, "account");
    const lanes = (await done(about.get("lanes"))) ?? {};
    for (const kind of KINDS) {
      const left = all.some((one) => one.kind === kind && !gone.has(one.digest));
      if (!left) delete lanes[kind];
      else if (batch.some((one) => one.kind === kind)) lanes[kind] = wait(time, date);
    }
    about.put(lanes, "lanes");
    about.put(clock, "clock");
    about.put(date, "contact");
    about.put(said.wave, "asks");
  });
  await note(db, batch.length ? "sent" : "heard");
}

// The server knows a later batch: this device's store is older than that, so its numbers go on from there.
function renumber(db, number) {
  return change(db, async ({ about, queue }) => {
    const [keys, all] = await Promise.all([done(queue.getAllKeys()), done(queue.getAll())]);
    keys.forEach((key, place) => queue.put({ ...all[place], batch: 0 }, key));
    about.put({ ...((await done(about.get("account"))) ?? NOTHING), batch: number }, "account");
  });
}
