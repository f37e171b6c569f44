import type { Identity } from "../auth/identity.ts";
import type { TokenTimes } from "../protocol/encode.ts";

/** How long a connection's token counts, as its client is told: the moment, and the time until then. */
export function tokenTimes({ token }: Identity, now: number): TokenTimes {
  if (token === null) return {};
  return { expires_at: token.expiresAtMs, expires_in_ms: Math.max(0, token.expiresAtMs - now) };
}
