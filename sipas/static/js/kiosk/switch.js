// Changes the language of a questionnaire in place: the words of the same page in the other language are laid over this
// one, so that answers stay where they are. Without scripts the link leads to an empty form, and says so beforehand.
import { parsed } from "../trusted.js";

const ENTERED = new Set(["INPUT", "TEXTAREA", "DIALOG"]);  // keep what a person entered, and a dialog that may be open
const blank = (node) => node.nodeType === Node.COMMENT_NODE || (node.nodeType === Node.TEXT_NODE && !node.data.trim());
const ours = (node) => [...node.childNodes].filter((child) => !blank(child) && child.dataset?.added === undefined);

function alike(one, two) {
  const [ones, twos] = [ours(one), ours(two)];
  return one.nodeName === two.nodeName && ones.length === twos.length && ones.every((child, n) => alike(child, twos[n]));
}

function lay(from, onto) {
  if (from.nodeType === Node.TEXT_NODE) { onto.data = from.data; return; }
  const may = (name) => !ENTERED.has(from.nodeName) || name.startsWith("aria-") || name.startsWith("data-");
  [...onto.attributes].forEach(({ name }) => may(name) && !from.hasAttribute(name) && onto.removeAttribute(name));
  [...from.attributes].forEach(({ name, value }) => may(name) && onto.setAttribute(name, value));
  if (from.nodeName === "TEXTAREA") return;
  const children = ours(onto);
  ours(from).forEach((child, n) => lay(child, children[n]));
}

export default function switches(link) {
  const note = link.querySelector("small");
  note.hidden = true;
  link.addEventListener("click", async (event) => {
    event.preventDefault();
    try {
      const address = new URL(link.href);
      const other = parsed(await (await fetch(address)).text());
      if (!alike(other.body, document.body)) throw new Error("another page");
      document.querySelectorAll("[data-added]").forEach((added) => added.remove());
      lay(other.body, document.body);
      document.title = other.title;
      document.documentElement.lang = other.documentElement.lang;
      history.replaceState(history.state, "", address.pathname + address.search + location.hash);
      dispatchEvent(new Event("words"));
      note.hidden = true;
    } catch {
      link.replaceWith(link.cloneNode(true));  // no way there just now: say what the plain link does, and let it do so
      document.querySelectorAll("[data-switch] small").forEach((small) => {
        small.hidden = false;
        small.classList.add("said");
      });
    }
  });
}

document.querySelectorAll("[data-switch]").forEach((link) => switches(link));
