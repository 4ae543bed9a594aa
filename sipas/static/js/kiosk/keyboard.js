// A Vietnamese keyboard on the screen of a kiosk, for the one free text. It suggests nothing and remembers nothing.
import { erase, letter, press, tone } from "./telex.js";

const ROWS = ["ăâêôơưđ", "sfrxj", "qwertyuiop", "asdfghjkl", "⇧zxcvbnm⌫", "#,_.-"];
const DIGITS = ["12345", "67890", "?!:;()", "/%+\"⌫", "#,_.-"];
const SENTENCE = /(^|[.!?\n]\s*)$/;

export default function keyboard(box) {
  const words = box.dataset;
  const keys = document.createElement("div");
  const toggle = document.createElement("button");
  let high = false, digits = false, heard;
  Object.assign(toggle, { type: "button", className: "keys-toggle" });
  Object.assign(keys, { className: "keys", hidden: true });
  keys.dataset.added = toggle.dataset.added = "";
  keys.setAttribute("role", "group");
  box.setAttribute("inputmode", "none");

  const put = (made) => {
    const after = box.value.slice(box.selectionEnd);
    if (made.length + after.length > box.maxLength) return;
    box.value = made + after;
    box.setSelectionRange(made.length, made.length);
    box.dispatchEvent(new Event("input", { bubbles: true }));
    if (document.activeElement !== box) heard.textContent = made.match(/\S*\s?$/)[0];
  };
  const name = (key, row) => (row === 1 && !digits ? words.tones.split(" ")["sfrxj".indexOf(key)]
    : { "⇧": words.capital, "⌫": words.erase, _: words.space, "#": digits ? words.letters : words.digits }[key] ?? "");
  const touched = (key, row) => {
    if (key === "⇧") { high = !high; draw(); return; }
    if (key === "#") { digits = !digits; draw(); return; }
    const before = box.value.slice(0, box.selectionStart);
    const raised = high || SENTENCE.test(before);
    const shown = raised ? key.toUpperCase() : key;
    if (key === "⌫") put(box.selectionStart === box.selectionEnd ? erase(before) : before);
    else if (key === "_") put(`${before} `);
    else if (digits) put(before + key);
    else if (row === 0) put(letter(before, shown));
    else if (row === 1) put(tone(before, key));
    else put(press(before, shown));
    if (high) { high = false; draw(); }
  };
  const button = (key, row) => {
    const made = document.createElement("button");
    const called = name(key, row);
    const accent = { s: "´", f: "`", r: "̉", x: "~", j: "." }[key];
    const face = key === "_" ? " " : key === "#" ? called : row === 1 && !digits ? "" : high ? key.toUpperCase() : key;
    made.type = "button";
    if (row !== 1 || digits) made.dataset.key = key === "_" ? " " : key;
    made.textContent = face || `${called}`;
    if (row === 1 && !digits) Object.assign(made, { lang: "vi" }).dataset.accent = accent;
    if (called && face) made.setAttribute("aria-label", called);
    if (key === "⇧") made.setAttribute("aria-pressed", String(high));
    if (key === "_") made.className = "space";
    made.addEventListener("click", () => touched(key, row));
    return made;
  };
  const draw = () => {
    const place = keys.contains(document.activeElement) ? document.activeElement.dataset.key : undefined;
    heard = document.createElement("p");
    heard.className = "hidden";
    heard.setAttribute("role", "status");
    keys.setAttribute("aria-label", words.keyboard);
    keys.replaceChildren(...(digits ? DIGITS : ROWS).map((row, n) => {
      const line = document.createElement("div");
      line.append(...[...row].map((key) => button(key, digits ? n + 2 : n)));
      return line;
    }), heard);
    if (place) keys.querySelector(`[data-key="${CSS.escape(place)}"]`)?.focus();
  };
  const open = (wanted) => {
    keys.hidden = !wanted;
    toggle.textContent = wanted ? words.close : words.open;
    toggle.setAttribute("aria-expanded", String(wanted));
    if (wanted) keys.scrollIntoView({ block: "end" });
  };
  const show = () => { draw(); open(!keys.hidden); box.after(toggle, keys); };

  keys.addEventListener("pointerdown", (event) => event.preventDefault());  // the caret stays in the text
  toggle.addEventListener("click", () => open(keys.hidden));
  box.addEventListener("click", () => open(true));  // once the finger is off: opened sooner, a key slides under it
  addEventListener("words", show);
  show();
}

document.querySelectorAll("[data-keys]").forEach((box) => keyboard(box));
