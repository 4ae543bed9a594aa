// The one policy that the headers allow: turns a page of our own server into something that may be parsed, and the path of
// a point's service worker into one that may be registered.
const plain = {
  createHTML: (text) => text,
  createScriptURL: (path) => { if (/^\/k\/[a-z0-9-]+\/worker\.js$/.test(path)) return path; throw new TypeError(path); },
};
const policy = globalThis.trustedTypes?.createPolicy("sipas", plain) ?? plain;

export const parsed = (text) => new DOMParser().parseFromString(policy.createHTML(text), "text/html");
export const workerAt = (path) => policy.createScriptURL(path);
