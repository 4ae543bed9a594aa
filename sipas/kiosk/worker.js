// The service worker of one point; the server writes `KEPT` (point, version, pages, files) above it.
// All of a version is on the device or nothing of it; a new one waits until a page says that no visit is on.
const NAME = `sipas ${KEPT.point} ${KEPT.version}`;
const fresh = (address) => new Request(address, { cache: "reload" });

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(NAME).then((cache) => cache.addAll([...KEPT.pages, ...KEPT.files].map(fresh))));
});

self.addEventListener("activate", (event) => {
  const drop = async () => {
    const names = await caches.keys();
    const old = names.filter((name) => name.startsWith(`sipas ${KEPT.point} `) && name !== NAME);
    await Promise.all(old.map((name) => caches.delete(name)));
    await self.clients.claim();
  };
  event.waitUntil(drop());
});

self.addEventListener("message", (event) => {
  if (event.data === "between visits") self.skipWaiting();
});

self.addEventListener("fetch", (event) => {
  const { origin, pathname } = new URL(event.request.url);
  if (event.request.method !== "GET" || origin !== self.location.origin) return;
  const page = `${pathname}?shell=`;
  if (KEPT.files.includes(pathname)) event.respondWith(kept(pathname, event.request));
  else if (KEPT.pages.includes(page)) event.respondWith(kept(page, event.request));
});

async function kept(address, request) {
  const cache = await caches.open(NAME);
  return (await cache.match(address, { ignoreVary: true })) ?? fetch(request);
}
