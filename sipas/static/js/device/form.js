// On an enrolled device a finished form is sealed instead of posted. Nothing of it is left in the page or in its history.
import { kept, post } from "../kiosk/unfinished.js";
import { keep, TooLong } from "./keep.js";
import { randomId } from "./store.js";

const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));

export function contextOf(form, point) {
  const { key, wave, instrument, version } = form.dataset;
  return { key: bytes(key), point, wave, instrument, version };
}

// As a form posts them; several answers to one question as a list.
export function fieldsOf(form) {
  const [fields, data] = [{}, new FormData(form)];
  const asked = new Set([...form.querySelectorAll("section [name], [name=service]")].map((one) => one.name));
  for (const name of [...asked].filter((one) => data.has(one))) {
    const all = data.getAll(name).map((value) => value.replaceAll("\r\n", "\n"));
    fields[name] = all.length > 1 ? all : all[0];
  }
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== ""));
}

// What the server would send back: [where, what] of each thing that is missing.
export function missing(form, fields) {
  const asked = [...form.querySelectorAll("section[id^=q-]")].filter((one) => !["q-service", "q-about"].includes(one.id));
  const names = asked.map((section) => section.id.slice(2));
  const wrong = [];
  if (!fields.service) wrong.push(["q-service", form.dataset.noService]);
  if (!names.some((name) => name in fields && fields[name] !== "na")) wrong.push([`q-${names[0]}`, form.dataset.noAnswer]);
  return wrong;
}

function complain(form, wrong) {
  form.querySelector("#errors")?.remove();
  const summary = document.createElement("div");
  summary.className = "summary";
  summary.id = "errors";
  summary.dataset.added = "";
  summary.tabIndex = -1;
  summary.setAttribute("role", "alert");
  const title = document.createElement("h2");
  title.textContent = form.dataset.notSent;
  const list = document.createElement("ul");
  for (const [where, what] of wrong) {
    const link = document.createElement("a");
    link.href = `#${where}`;
    link.textContent = what;
    link.addEventListener("click", () => summary.remove());
    list.append(document.createElement("li"));
    list.lastChild.append(link);
  }
  summary.append(title, list);
  form.prepend(summary);
  summary.focus();
  scrollTo(0, 0);
}

// The thanks look as the questionnaire did.
function after(form) {
  const address = new URL(form.dataset.thanks, location.href);
  const look = [...document.querySelectorAll("input[data-look]:checked")].map((box) => box.value);
  if (look.length) address.searchParams.set("look", look.join("-"));
  return address;
}

// `ready` resolves to the device's store, or to null where this browser is not enrolled: then the form posts itself.
export function sealing(form, point, ready) {
  let busy = false;
  const said = (fields) => ({ language: document.documentElement.lang, form: form.dataset.form, fields });
  const unfinished = async () => {
    const [db, data] = [await ready, kept(form)];
    if (!db) return post(form);
    if (!data || busy) return null;
    const { comment, ...fields } = fieldsOf(form);
    return keep(db, contextOf(form, point), { ...said(fields), unfinished: true });
  };
  if (form.dataset.unfinished !== undefined) form.addEventListener("left", ({ detail }) => detail.push(unfinished()));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (busy) return;
    busy = true;
    const db = await ready;
    if (!db) { // the pages that a device keeps have no id; without one, sent again would be counted again
      const id = form.elements.namedItem("id");
      id.value ||= randomId();
      form.submit();
      return;
    }
    const fields = fieldsOf(form);
    const wrong = missing(form, fields);
    try {
      if (!wrong.length) {
        await keep(db, contextOf(form, point), said(fields));
        const there = after(form);
        form.reset();
        location.replace(there);
        return;
      }
    } catch (error) {
      wrong.push(["q-about", error instanceof TooLong ? form.dataset.tooLong : form.dataset.notKept]);
    }
    busy = false;
    complain(form, wrong);
  });
}
