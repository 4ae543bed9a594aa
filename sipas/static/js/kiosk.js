// What scripts add to the visitor's pages. Every page works without them.
import advance from "./kiosk/advance.js";
import forget from "./kiosk/forget.js";
import idle from "./kiosk/idle.js";
import resend from "./kiosk/resend.js";
import returns from "./kiosk/returns.js";

document.querySelectorAll("[data-questionnaire]").forEach((form) => { advance(form); forget(form); });
document.querySelectorAll("[data-idle]").forEach((panel) => idle(panel));
document.querySelectorAll("[data-resend]").forEach((form) => resend(form));
document.querySelectorAll("[data-returns]").forEach((link) => returns(link));
