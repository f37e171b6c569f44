/**
 * On every answer. What a route sets itself, such as a page's own policy or a `Cache-Control`, is left alone: the
 * policy here is that of what is no page, which may load nothing and be shown nowhere.
 */
export const securityHeaders = {
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "referrer-policy": "no-referrer",
  "permissions-policy":
    "accelerometer=(), camera=(), geolocation=(), gyroscope=(), microphone=(), payment=(), usb=()",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
} as const;

const entries = Object.entries({ "cache-control": "no-store", ...securityHeaders });

/** Completes an answer's headers. `hstsMaxAgeMs` 0: browsers are not told to come back over TLS alone. */
export function addSecurityHeaders(
  headers: Headers,
  { hstsMaxAgeMs }: { readonly hstsMaxAgeMs: number },
): void {
  // Those that most answers have were given to them when they were made (`jsonAnswer`).
  if (!headers.has("x-content-type-options")) {
    for (const [name, value] of entries) {
      if (!headers.has(name)) headers.set(name, value);
    }
  }
  if (hstsMaxAgeMs > 0)
    headers.set("strict-transport-security", `max-age=${Math.floor(hstsMaxAgeMs / 1000)}`);
}
