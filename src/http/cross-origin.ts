import { type AllowedOrigins, isOriginAllowed } from "../core/origin.ts";

/** Request headers that pages of other origins may send. */
const allowedHeaders = "Authorization, Content-Type, Last-Event-ID, X-API-Key";
/** How long a browser remembers what it may do. */
const maxAgeSeconds = "600";

/** Whether the method changes nothing: such a request is taken from any page. */
export function isSafe(method: string): boolean {
  return method === "GET" || method === "HEAD" || method === "OPTIONS";
}

/** What pages of other origins may do: `listed` ones may read, `mayChange` ones change something. */
export class CrossOrigin {
  readonly #listed: readonly string[];
  readonly #anyone: boolean;
  readonly #mayChange: AllowedOrigins;

  constructor(listed: readonly string[], mayChange: AllowedOrigins) {
    this.#listed = listed;
    this.#mayChange = mayChange;
    this.#anyone = listed.includes("*");
  }

  /** Whether a request that changes something may be carried out. */
  mayChange(request: Request, origin: string): boolean {
    return isOriginAllowed(origin, request.headers.get("host"), this.#mayChange);
  }

  /** Lets a listed page read the answer. An origin that is not listed is never named. */
  addHeaders(headers: Headers, origin: string | null): void {
    if (this.#anyone) {
      headers.set("access-control-allow-origin", "*");
      return;
    }
    if (this.#listed.length === 0) return;
    headers.append("vary", "Origin");
    if (origin !== null && this.#listed.includes(origin)) headers.set("access-control-allow-origin", origin);
  }

  /** What the answer to a preflight says beside. */
  preflightHeaders(request: Request, origin: string | null, methods: string): Record<string, string> {
    const asks = request.headers.has("access-control-request-method");
    if (!asks || origin === null || !(this.#anyone || this.#listed.includes(origin))) return {};
    return {
      "access-control-allow-methods": methods,
      "access-control-allow-headers": allowedHeaders,
      "access-control-max-age": maxAgeSeconds,
    };
  }
}
