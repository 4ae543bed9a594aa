// A QR code at a counter chooses the service field (`?service=`). The pages that a device keeps are the same for everybody,
// so what the server would have written into them is put in here: the choice, and the way on with it.
const LED = ["home", "quiet", "stop", "thanks"];

function led(address, service) {
  const url = new URL(address, location.href);
  url.searchParams.set("service", service);
  return url.pathname + url.search + url.hash;
}

export default function preset(page = document) {
  const service = new URLSearchParams(location.search).get("service");
  const { point, services = "", wayIn } = page.body.dataset;
  if (!service || !services.split(" ").includes(service)) return;
  const here = `/k/${point}`;
  const pages = [...page.querySelectorAll("a[href]")].filter(({ pathname }) => pathname === here || pathname.startsWith(`${here}/`));
  pages.filter(({ pathname }) => pathname !== location.pathname || !page.querySelector("[data-questionnaire]")).forEach((link) => {
    if (link.matches(".start")) link.hash = wayIn;
    link.href = led(link.href, service);
  });
  for (const name of LED) {
    page.querySelectorAll(`[data-${name}]`).forEach((one) => { one.dataset[name] = led(one.dataset[name], service); });
  }
  page.querySelectorAll("[data-shorter]").forEach((time) => { time.textContent = time.dataset.shorter; });
  page.querySelectorAll("[data-questionnaire]").forEach((form) => {
    form.action = led(form.action, service);
    form.querySelectorAll("input[name=service]").forEach((choice) => {
      if (choice.value === service && !form.querySelector("input[name=service]:checked")) choice.defaultChecked = choice.checked = true;
    });
  });
}
