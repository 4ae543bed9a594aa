// What an enrolled device keeps: who it is (`about`), sealed messages (`queue`), and a chained log. One database a point.
const STORES = ["about", "queue", "log"];

export function open(point) {
  return new Promise((resolve, reject) => {
    const asked = indexedDB.open(`sipas-${point}`, 1);
    asked.onupgradeneeded = () => STORES.forEach((name) => asked.result.createObjectStore(name));
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => reject(asked.error);
  });
}

// Whether this browser was ever enrolled here, without making a database where it was not.
export async function known(point) {
  if (!globalThis.isSecureContext || !navigator.serviceWorker) return false;
  return (await indexedDB.databases()).some((one) => one.name === `sipas-${point}`);
}

export const done = (asked) => new Promise((resolve, reject) => {
  asked.onsuccess = () => resolve(asked.result);
  asked.onerror = () => reject(asked.error);
});

// One transaction over everything. It resolves only when the disk has it; `deed` may wait for its own requests alone.
export async function change(db, deed) {
  const transaction = db.transaction(STORES, "readwrite", { durability: "strict" });
  const ended = new Promise((resolve, reject) => {
    transaction.oncomplete = resolve;
    transaction.onabort = transaction.onerror = () => reject(transaction.error);
  });
  ended.catch(() => {});
  const stores = Object.fromEntries(STORES.map((name) => [name, transaction.objectStore(name)]));
  let result;
  try {
    result = await deed(stores);
  } catch (error) {
    try { transaction.abort(); } catch { /* it has ended by itself */ }
    throw error;
  }
  await ended;
  return result;
}

export const get = (db, key) => done(db.transaction("about").objectStore("about").get(key));
export const put = (db, key, value) => change(db, ({ about }) => done(about.put(value, key)));
export const waiting = (db) => done(db.transaction("queue").objectStore("queue").getAll());

export function random(below) {
  const limit = 2 ** 32 - (2 ** 32 % below);
  for (;;) {
    const [value] = crypto.getRandomValues(new Uint32Array(1));
    if (value < limit) return value % below;
  }
}

export function shuffled(things) {
  const all = [...things];
  for (let last = all.length - 1; last > 0; last -= 1) {
    const other = random(last + 1);
    [all[last], all[other]] = [all[other], all[last]];
  }
  return all;
}

export const hex = (bytes) => [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
export const randomId = () => hex(crypto.getRandomValues(new Uint8Array(16)));
export async function digest(bytes) {
  return BigInt(`0x${hex(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)))}`);
}
export const base64 = (bytes) => btoa(String.fromCharCode(...bytes));
