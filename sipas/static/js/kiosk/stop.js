// A private way out: what was chosen is forgotten at once, and the page leaves the browser's list.
export default function stop(link) {
  link.addEventListener("click", (event) => {
    event.preventDefault();
    document.querySelectorAll("form").forEach((form) => form.reset());
    location.replace(link.dataset.stop);
  });
}

document.querySelectorAll("[data-stop]").forEach((link) => stop(link));
