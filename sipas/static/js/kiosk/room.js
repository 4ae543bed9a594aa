// How many more characters a comment may have, once there are few: no letter is lost without a word.
const FEW = 50;

export default function room(said) {
  const box = document.getElementById(said.dataset.room);
  const tell = () => {
    const left = box.maxLength - box.value.length;
    const words = document.createElement("span");
    words.dataset.added = "";
    words.textContent = left <= FEW ? said.dataset.words.replace("#", Math.max(left, 0)) : "";
    said.replaceChildren(words);
  };
  box.addEventListener("input", tell);
  box.form.addEventListener("reset", () => said.replaceChildren());
  addEventListener("words", tell);
  tell();
}

document.querySelectorAll("[data-room]").forEach((said) => room(said));
