// What scripts add to the visitor's pages. Every page works without them.
import advance from "./kiosk/advance.js";
import aloud from "./kiosk/aloud.js";
import find from "./kiosk/find.js";
import forget from "./kiosk/forget.js";
import idle from "./kiosk/idle.js";
import look from "./kiosk/look.js";
import quiet from "./kiosk/quiet.js";
import resend from "./kiosk/resend.js";
import returns from "./kiosk/returns.js";
import room from "./kiosk/room.js";
import stop from "./kiosk/stop.js";
import switches from "./kiosk/switch.js";

const each = (name, deed) => document.querySelectorAll(`[data-${name}]`).forEach((element) => deed(element));
each("questionnaire", (form) => { advance(form); aloud(form); forget(form); });
each("find", (place) => find(place));
each("idle", (dialog) => idle(dialog));
each("quiet", (place) => quiet(place));
each("resend", (form) => resend(form));
each("returns", (link) => returns(link));
each("room", (said) => room(said));
each("stop", (link) => stop(link));
each("switch", (link) => switches(link));
look();
// On an enrolled screen an unfinished form is sealed (`device/form.js`).
document.querySelectorAll("[data-unfinished]:not([data-key])").forEach(async (form) => (await import("./kiosk/unfinished.js")).default(form));
// Only a kiosk's screen has a keyboard of ours; nobody else fetches it.
document.querySelectorAll("[data-kiosk] [data-keys]").forEach(async (box) => (await import("./kiosk/keyboard.js")).default(box));
