/** What a client does after a close: never come back by itself, come back soon, or come back more slowly. */
export type Reconnect = "never" | "soon" | "slowly" | "with_new_token";

/**
 * The WebSocket close codes that this server sends of its own accord. Codes of the protocol itself (1002,
 * 1007, 1009) are sent by the runtime; 1006 is what a client sees when it could not keep up.
 */
export const closeCodes = {
  drained: { code: 1012, reason: "drained", reconnect: "soon" },
  shed: { code: 1013, reason: "shed under load", reconnect: "slowly" },
  unauthorized: { code: 4401, reason: "token missing, invalid or expired", reconnect: "with_new_token" },
  forbidden: { code: 4403, reason: "not allowed", reconnect: "never" },
  pongTimeout: { code: 4408, reason: "no pong", reconnect: "soon" },
  replaced: { code: 4409, reason: "replaced by a newer connection", reconnect: "never" },
  tooFast: { code: 4429, reason: "too many bad or too fast frames", reconnect: "slowly" },
} as const satisfies Record<string, { code: number; reason: string; reconnect: Reconnect }>;

export type CloseReason = keyof typeof closeCodes;
