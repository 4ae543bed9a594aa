// A log that stays on the device: each entry is chained to the one before, so that none can be taken out unseen.
// It says what happened, never to which message and never when.
import { change, done, hex } from "./store.js";

const START = "0".repeat(64);
const utf8 = new TextEncoder();

async function link(before, kind, salt) {
  return hex(new Uint8Array(await crypto.subtle.digest("SHA-256", utf8.encode(`${before}|${kind}|${salt}`))));
}

export const entries = (db) => done(db.transaction("log").objectStore("log").getAll());

// Two pages may write at the same time: whoever finds that the chain has grown meanwhile does it again.
export async function note(db, kind) {
  for (;;) {
    const all = await entries(db);
    const salt = hex(crypto.getRandomValues(new Uint8Array(8)));
    const entry = { kind, salt, hash: await link(all.at(-1)?.hash ?? START, kind, salt) };
    const written = await change(db, async ({ log }) => {
      if ((await done(log.count())) !== all.length) return false;
      await done(log.put(entry, all.length));
      return true;
    });
    if (written) return;
  }
}

export async function whole(db) {
  let before = START;
  for (const { kind, salt, hash } of await entries(db)) {
    if (hash !== (await link(before, kind, salt))) return false;
    before = hash;
  }
  return true;
}
