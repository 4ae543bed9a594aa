// Vietnamese by Telex: `press("cam", "r")` is "cảm". A key composes within the word before the caret and nowhere else.
// aa ee oo dd → â ê ô đ, w → ă ơ ư, s f r x j → sắc huyền hỏi ngã nặng, z takes the tone away; the same key again gives
// the letter itself. Tones stand where older and official spelling has them: hòa, thúy, but hoàn, thuyền.
const TONES = { s: "\u0301", f: "\u0300", r: "\u0309", x: "\u0303", j: "\u0323", z: "" };
const MARKED = { a: "â", e: "ê", o: "ô", d: "đ" };
const HOOKED = { a: "ă", o: "ơ", u: "ư" };
const PLAIN = { â: "a", ê: "e", ô: "o", đ: "d", ă: "a", ơ: "o", ư: "u" };
const VOWEL = /[aăâeêioôơuưy]/;
const STRANGE = /o[ae]|e[oa]|a[eo]/;  // no mark reaches back over these: "khoeo", "ngoao"

const lower = (text) => text.toLowerCase();
const like = (model, letter) => (model === lower(model) ? letter : letter.toUpperCase());

// The letters of a word without its tone, and the tone.
function apart(word) {
  const loose = word.normalize("NFD");
  const tone = loose.match(/[\u0300\u0301\u0303\u0309\u0323]/)?.[0] ?? "";
  return [[...loose.replace(/[\u0300\u0301\u0303\u0309\u0323]/g, "").normalize("NFC")], tone];
}

// Which letter bears the tone, or -1.
function bearer(letters) {
  const word = lower(letters.join(""));
  const onset = word.match(/^(qu|gi)(?=[aăâeêioôơuưy])/)?.[0].length ?? 0;
  const places = [...word].map((letter, n) => n).filter((n) => n >= onset && VOWEL.test(word[n]));
  const from = places[0] ?? -1;
  const row = places.filter((n, i) => n === from + i);
  const marked = row.filter((n) => PLAIN[word[n]]);
  if (marked.length) return marked.at(-1);
  if (row.length === 3) return row[1];
  if (row.length === 2) return row.at(-1) < word.length - 1 ? row[1] : row[0];
  return from;
}

function together(letters, tone) {
  const at = tone ? bearer(letters) : -1;
  return letters.map((letter, n) => (n === at ? letter + tone : letter)).join("").normalize("NFC");
}

// "uơ" before another letter is "ươ": thuở, but thương. After q the u belongs to the q.
const grown = (letters) => letters.map((letter, n) =>
  (lower(letter) === "u" && lower(letters[n + 1] ?? "") === "ơ" && n + 2 < letters.length && lower(letters[n - 1] ?? "") !== "q"
    ? like(letter, "ư") : letter));

function hook(letters) {
  const word = lower(letters.join(""));
  const change = (n, letter) => letters.with(n, like(letters[n], letter));
  const pair = word.search(/(?<!q)u[oô]/);
  if (pair >= 0) return grown(change(pair + 1, "ơ"));
  const first = word.search(/(?<!q)ua/);
  if (first >= 0) return change(first, "ư");
  const last = Math.max(...["a", "o", "u", "â", "ô"].map((letter) => word.lastIndexOf(letter)));
  if (last < 0 || (word[last] === "u" && word[last - 1] === "q")) return null;
  return change(last, HOOKED[PLAIN[word[last]] ?? word[last]]);
}

function mark(letters, key) {
  const at = lower(letters.join("")).lastIndexOf(key);
  if (at < 0 || STRANGE.test(lower(letters.slice(at).join("")))) return null;
  const other = { ă: "â", ơ: "ô" }[lower(letters[at])];
  return letters.with(at, like(letters[at], other ?? MARKED[key]));
}

function composed(word, key) {
  const [letters, tone] = apart(word);
  const sound = lower(key);
  const has = (letter) => letters.findLastIndex((one) => lower(one) === letter);
  if (sound in TONES && bearer(letters) >= 0) {
    if (sound === "z") return tone ? together(letters, "") : word + key;
    return TONES[sound] === tone ? together(letters, "") + key : together(letters, TONES[sound]);
  }
  if (sound === "w") {
    const made = hook(letters);
    if (made) return together(made, tone);
    const again = Math.max(has("ư"), has("ơ"), has("ă"));
    if (again >= 0) return together(letters.map((one) => ("ươă".includes(lower(one)) ? like(one, PLAIN[lower(one)]) : one)), tone) + key;
    return together([...letters, like(key, "ư")], tone);
  }
  if (sound in MARKED) {
    const again = has(MARKED[sound]);
    if (again >= 0) return together(letters.with(again, like(letters[again], sound)), tone) + key;
    const made = mark(letters, sound);
    if (made) return together(made, tone);
  }
  return together(grown([...letters, key]), tone);
}

const split = (text) => { const word = text.match(/[\p{L}\p{M}]*$/u)[0]; return [text.slice(0, text.length - word.length), word]; };

// The text before the caret after a key.
export function press(text, key) {
  const [before, word] = split(text.normalize("NFC"));
  return /^[a-z]$/i.test(key) ? before + composed(word, key) : before + word + key;
}

// A tone put on the word, whatever it had; the same again takes it away.
export function tone(text, key) {
  const [before, word] = split(text.normalize("NFC"));
  const [letters, had] = apart(word);
  return before + together(letters, had === TONES[key] ? "" : TONES[key]);
}

// A letter as it stands on its key: ă â ê ô ơ ư đ.
export function letter(text, key) {
  const [before, word] = split(text.normalize("NFC"));
  const [letters, had] = apart(word);
  return before + together([...letters, key], had);
}

// Takes the last letter away; the tone finds its place again, or goes with the last vowel.
export function erase(text) {
  const [before, word] = split(text.normalize("NFC"));
  if (!word) return [...before].slice(0, -1).join("");
  const [letters, had] = apart(word);
  return before + together(letters.slice(0, -1), had);
}
