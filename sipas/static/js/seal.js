// HPKE (RFC 9180), base mode: X25519, HKDF-SHA256, AES-256-GCM. One context per message, nothing in AAD.
const utf8 = new TextEncoder();
const join = (...parts) => new Uint8Array(parts.flatMap((part) => [...part]));
const number = (value) => new Uint8Array([value >> 8, value & 255]);

export const AES_128 = { id: 1, key: 16 };
export const AES_256 = { id: 2, key: 32 };
export const LENGTH = 1792; // holds a comment of 500 letters, each of three bytes

async function hmac(key, data) {
  const raw = key.length ? key : new Uint8Array(32);
  const imported = await crypto.subtle.importKey("raw", raw, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  return new Uint8Array(await crypto.subtle.sign("HMAC", imported, data));
}

const extract = (suite, salt, label, key) => hmac(salt, join(utf8.encode("HPKE-v1"), suite, utf8.encode(label), key));

// Never more than the 32 bytes of one block of HMAC-SHA256.
async function expand(suite, key, label, info, length) {
  const labelled = join(number(length), utf8.encode("HPKE-v1"), suite, utf8.encode(label), info);
  return (await hmac(key, join(labelled, [1]))).slice(0, length);
}

// `ephemeral`, `aead` and `aad` are for the RFC's test vectors; `seal` fixes all three.
export async function encrypt(publicKey, info, plaintext, ephemeral, aead = AES_256, aad = new Uint8Array()) {
  const receiver = await crypto.subtle.importKey("raw", publicKey, "X25519", true, []);
  const enc = new Uint8Array(await crypto.subtle.exportKey("raw", ephemeral.publicKey));
  const shared = await crypto.subtle.deriveBits({ name: "X25519", public: receiver }, ephemeral.privateKey, 256);
  const none = new Uint8Array();
  const kem = join(utf8.encode("KEM"), number(0x20));
  const suite = join(utf8.encode("HPKE"), number(0x20), number(1), number(aead.id));
  const prk = await extract(kem, none, "eae_prk", new Uint8Array(shared));
  const secret = await expand(kem, prk, "shared_secret", join(enc, publicKey), 32);
  const idHash = await extract(suite, none, "psk_id_hash", none);
  const context = join([0], idHash, await extract(suite, none, "info_hash", info));
  const schedule = await extract(suite, secret, "secret", none);
  const raw = await expand(suite, schedule, "key", context, aead.key);
  const iv = await expand(suite, schedule, "base_nonce", context, 12);
  const key = await crypto.subtle.importKey("raw", raw, "AES-GCM", false, ["encrypt"]);
  const sealed = await crypto.subtle.encrypt({ name: "AES-GCM", iv, additionalData: aad }, key, plaintext);
  return join(enc, new Uint8Array(sealed));
}

// Two bytes of length, the text, zeros: every message is as long as any other.
export function pad(text) {
  const bytes = utf8.encode(text);
  if (bytes.length > LENGTH - 2) throw new RangeError("too long to seal");
  const padded = new Uint8Array(LENGTH);
  padded.set(number(bytes.length));
  padded.set(bytes, 2);
  return padded;
}

// RFC 9180's numbers of the three; they stand in the context, so that another suite can follow some day.
const SUITE = "0020-0001-0002";
const PART = /^[A-Za-z0-9._-]{1,60}$/; // nothing in a part can be taken for the line between two

// `context` is { wave, point, instrument, version, kind }; sipas/intake/sealed.py writes the same line.
export function line({ wave, point, instrument, version, kind }) {
  const wrong = [wave, point, instrument, version, kind].find((part) => !PART.test(part));
  if (wrong !== undefined) throw new RangeError(`${wrong} cannot stand in the context of a sealed message`);
  return ["sipas answer v1", SUITE, wave, point, `${instrument}@${version}`, kind].join(" | ");
}

export async function seal(publicKey, context, text) {
  const ephemeral = await crypto.subtle.generateKey("X25519", false, ["deriveBits"]);
  return encrypt(publicKey, utf8.encode(line(context)), pad(text), ephemeral);
}
