import { Failure } from "../core/failure.ts";
import type { RequestServer } from "./context.ts";
import { HttpFailure } from "./http-failure.ts";
import { originalOf } from "./request-url.ts";

const forwardingHeaders = ["forwarded", "x-forwarded-for", "x-real-ip"];

/**
 * Whether the caller sits at this very machine: it came over loopback and no proxy speaks for it. A browser
 * must also have asked for this machine by name, since any page's own name may resolve to it.
 */
function isLocalCaller(request: Request, server: RequestServer): boolean {
  const { headers } = request;
  if (forwardingHeaders.some((name) => headers.has(name))) return false;
  const address = server.requestIP(originalOf(request))?.address;
  if (address === undefined || !/^(?:127\.|::1$|::ffff:127\.)/.test(address)) return false;
  return !headers.has("origin") || isLoopbackHost(headers.get("host") ?? "");
}

function isLoopbackHost(host: string): boolean {
  return /^(?:(?:[a-z0-9-]+\.)*localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?$/i.test(host);
}

const localOnly = new HttpFailure(
  new Failure("forbidden", "In open mode this is done from the machine that the server runs on."),
);

/** Throws unless the caller is local. */
export function requireLocalCaller(request: Request, server: RequestServer): void {
  if (!isLocalCaller(request, server)) throw localOnly;
}
