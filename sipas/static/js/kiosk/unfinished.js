// Where the wave keeps a form that is left in the middle: says what of it is kept, and posts it once the screen is given up.
// Nothing typed is kept, and nothing at all before a question was answered: that is what could have been sent.
export function kept(form) {
  const data = new FormData(form);
  data.delete("comment");
  const asked = [...form.querySelectorAll("section[id^=q-]")].map((one) => one.id.slice(2));
  const answered = asked.some((name) => name !== "service" && data.getAll(name).some((value) => value && value !== "na"));
  return data.get("service") && answered ? data : null;
}

export function post(form) {
  const data = kept(form);
  if (!data) return null;
  data.set("unfinished", "1");
  return fetch(form.action, { method: "POST", body: new URLSearchParams(data), keepalive: true });
}

export default function unfinished(form) {
  form.addEventListener("left", ({ detail }) => detail.push(post(form)));
}

// On an enrolled screen an unfinished form is sealed (`device/form.js`).
document.querySelectorAll("[data-unfinished]:not([data-key])").forEach((form) => unfinished(form));
