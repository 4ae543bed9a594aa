// Seals an answer and its comment, and puts both into the queue. When this resolves, the disk has them.
import { seal, LENGTH } from "../seal.js";
import { moment } from "./clock.js";
import { wait, KINDS } from "./lanes.js";
import { note } from "./log.js";
import { change, digest, done, get, randomId, shuffled } from "./store.js";

export class TooLong extends Error {}

const MODULUS = 1n << 256n;
export const NOTHING = { made: 0, settled: 0, sum: 0n, batch: 0 };

// `said` is { language, form, fields, unfinished }, where fields hold the service, the answers and the comment as a form posts them.
export function texts(said, at) {
  const { comment = "", ...fields } = said.fields;
  const common = { language: said.language, form: said.form, week: at.week, month: at.month, doubt: at.doubt };
  return {
    answer: JSON.stringify({ ...common, ...(said.unfinished && { unfinished: true }), fields }),
    comment: JSON.stringify({ ...common, fields: { service: fields.service, comment: comment.normalize("NFC").trim() } }),
  };
}

const tooLong = (text) => new TextEncoder().encode(text).length > LENGTH - 2;

// A comment is always made, an empty one where nothing was written: that there is one says nothing.
export async function keep(db, context, said) {
  const at = moment(await get(db, "clock"));
  const plain = texts(said, at);
  if (KINDS.some((kind) => tooLong(plain[kind]))) throw new TooLong();
  const fresh = await Promise.all(KINDS.map(async (kind) => {
    const sealed = await seal(context.key, { ...context, kind }, plain[kind]);
    return { kind, wave: context.wave, sealed, digest: await digest(sealed), batch: 0 };
  }));
  await change(db, async ({ about, queue }) => {
    // Written anew in a new order under new names: where a message lies says nothing of when it came.
    const all = shuffled([...(await done(queue.getAll())), ...fresh]);
    queue.clear();
    all.forEach((message) => queue.put(message, randomId()));
    const account = (await done(about.get("account"))) ?? NOTHING;
    about.put({ ...account, made: account.made + fresh.length }, "account");
    const lanes = (await done(about.get("lanes"))) ?? {};
    KINDS.forEach((kind) => { lanes[kind] ??= wait(at.time, at.date); });
    about.put(lanes, "lanes");
  });
  await note(db, "made");
}

export const added = (sum, messages) => messages.reduce((total, one) => (total + one.digest) % MODULUS, sum);
