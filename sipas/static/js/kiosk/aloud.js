// Reads a screen aloud when its button is touched, never by itself: the recording of the item where there is one, else a
// voice of this language that lives on the device (another would send the words to a stranger's server). Without either
// there is no button. It ends when the screen is left.
export default function aloud(form) {
  const buttons = [...form.querySelectorAll("[data-aloud]")];
  const speech = globalThis.speechSynthesis;
  let reading, sound, turn = 0;  // whatever belongs to an earlier turn has nothing to say any more

  const language = () => document.documentElement.lang;
  const voice = () => (speech?.getVoices() ?? []).find((one) => one.localService && one.lang.toLowerCase().split(/[-_]/)[0] === language());
  const recorded = (button) => button.dataset.audio;
  const named = (button) => { button.lastElementChild.textContent = button === reading ? button.dataset.end : button.dataset.aloud; };
  const stop = () => {
    const was = reading;
    turn += 1;
    reading = undefined;
    sound?.pause();
    sound = undefined;
    if (was) { speech?.cancel(); named(was); }
  };
  const texts = (section) => [...section.querySelectorAll(".thing h2, .lead, .question, .thing p.hint, .option:not([hidden]) .word")]
    .filter((one) => !one.closest("[hidden], .find")).map((one) => one.textContent.trim());
  const speak = (button) => {
    const said = texts(button.closest("section"));
    const mine = turn;
    said.forEach((text, n) => {
      const utterance = new SpeechSynthesisUtterance(text);
      Object.assign(utterance, { voice: voice(), lang: language(), rate: 0.9 });
      utterance.onend = () => { if (n === said.length - 1 && mine === turn) stop(); };
      utterance.onerror = () => { if (mine === turn) stop(); };
      speech.speak(utterance);
    });
  };
  const read = (button) => {
    stop();
    reading = button;
    named(button);
    if (!recorded(button)) { speak(button); return; }
    const mine = turn;
    const failed = () => {  // a recording that cannot be had: the voice, where there is one
      if (mine !== turn) return;
      sound = undefined;
      if (voice()) speak(button); else stop();
    };
    sound = new Audio(recorded(button));
    sound.onended = () => { if (mine === turn) stop(); };
    sound.play().catch(failed);
  };
  const show = () => buttons.forEach((button) => { button.hidden = !recorded(button) && !voice(); });

  buttons.forEach((button) => button.addEventListener("click", () => (button === reading ? stop() : read(button))));
  speech?.addEventListener?.("voiceschanged", show);
  ["hashchange", "pagehide"].forEach((event) => addEventListener(event, stop));
  addEventListener("words", () => { stop(); show(); });
  document.addEventListener("visibilitychange", () => document.hidden && stop());
  show();
}

document.querySelectorAll("[data-questionnaire]").forEach((form) => aloud(form));
