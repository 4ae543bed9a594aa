// How much of the page's foot a phone's keyboard covers, for the style sheet, which keeps the ways on above it. Browsers
// that make the page itself smaller (`interactive-widget`) cover nothing; a page that somebody enlarged is left alone.
// What is written comes back into view, where the keyboard took it out of it.
export default function covered(seen) {
  const root = document.documentElement;
  const tell = () => {
    const hidden = seen.scale > 1.01 ? 0 : root.clientHeight - seen.offsetTop - seen.height;
    root.style.setProperty("--covered", `${Math.max(0, Math.round(hidden))}px`);
  };
  seen.addEventListener("scroll", tell);
  seen.addEventListener("resize", () => {
    tell();
    const written = document.activeElement;
    if (written?.matches("textarea, input:not([type=radio], [type=checkbox])")) written.scrollIntoView({ block: "nearest" });
  });
  tell();
}

if (window.visualViewport) covered(window.visualViewport);
