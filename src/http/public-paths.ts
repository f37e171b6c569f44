import type { HttpContext } from "./context.ts";

/** What says whether the server is well, what it can do, and the page: they ask nobody who they are. */
const always = ["/", "/health", "/ready", "/asyncapi.json", "/favicon.ico", "/docs"];

/** Takes tokens in other ways too, and asks for them itself. */
const eventStreamPath = "/events";

/** Whether an address is not asked for by its headers alone: it is for everybody, or asks by itself. */
export function publicPaths({ page }: Pick<HttpContext, "page">): (path: string) => boolean {
  const paths = new Set([...always, eventStreamPath, ...page.files.map((file) => file.path)]);
  return (path) => paths.has(path) || paths.has(path.replace(/\/$/, "")) || path.startsWith("/docs/");
}
