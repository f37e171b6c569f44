/**
 * Server-Sent Events as text. Types come from a checked alphabet and data is one line of JSON, so that no
 * field can hold a line break of its own.
 */

/**
 * One event; `cursor` becomes its `id:`, by which the browser resumes. Empty, it is left out: an empty `id:`
 * would make the browser forget the one it has.
 */
export function encodeEvent(type: string, cursor: string, data: string): string {
  const id = cursor === "" ? "" : `id: ${cursor}\n`;
  return `event: ${type}\n${id}data: ${data}\n\n`;
}

/** How long a browser waits before it reconnects. */
export function encodeRetry(retryMs: number): string {
  return `retry: ${retryMs}\n\n`;
}

/** Keeps proxies from closing a quiet stream. */
export const heartbeatComment = ": heartbeat\n\n";
