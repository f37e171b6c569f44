/** From here on Elysia looks for the path: behind `http://` and a host of four characters. */
const elysiaPathStart = 11;

const originals = new WeakMap<Request, Request>();

/** A request that Elysia can route: one whose `Host` is short, missing or broken is given another URL. */
export function routable(request: Request): Request {
  const { url } = request;
  const start = pathStart(url);
  if (start >= elysiaPathStart) return request;
  const copy = new Request(`http://localhost${url.slice(start)}`, request);
  originals.set(copy, request);
  return copy;
}

/** The request that Bun's server knows; it knows nothing of a copy. */
export function originalOf(request: Request): Request {
  return originals.get(request) ?? request;
}

/** The path, without the query. */
export function pathOf(url: string): string {
  const start = pathStart(url);
  const end = url.indexOf("?", start);
  return end < 0 ? url.slice(start) : url.slice(start, end);
}

/** Where the path begins. Without a valid `Host` the URL is the path and query alone. */
function pathStart(url: string): number {
  return url.startsWith("/") ? 0 : url.indexOf("/", url.indexOf("//") + 2);
}
