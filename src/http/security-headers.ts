import type { Mode } from "../config/index.ts";

/** On every answer. What a route sets itself, such as a `Cache-Control` of its own, is left alone. */
export const securityHeaders = {
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
} as const;

const entries = Object.entries(securityHeaders);
const strictTransportSecurity = "max-age=31536000";

/** Completes an answer's headers. */
export function addSecurityHeaders(headers: Headers, mode: Mode): void {
  // Those that most answers have were given to them when they were made (`jsonAnswer`).
  if (!headers.has("x-content-type-options")) {
    for (const [name, value] of entries) headers.set(name, value);
    if (!headers.has("cache-control")) headers.set("cache-control", "no-store");
  }
  // Browsers heed it over TLS alone, which `--prod` is expected to stand behind.
  if (mode === "prod") headers.set("strict-transport-security", strictTransportSecurity);
}
