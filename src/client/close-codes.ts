import type { ErrorCode } from "./errors.ts";

/** What the client does after a connection has ended. */
export type CloseAction =
  /** Connect again after the usual delay. */
  | { readonly kind: "reconnect" }
  /** The server moved on in good order: connect again, from the start of the delays. */
  | { readonly kind: "reconnect_soon" }
  /** The server is short of something: connect again after a longer delay. */
  | { readonly kind: "back_off" }
  /** Ask the application for a new token; without a way to get one, stop. */
  | { readonly kind: "new_token"; readonly code: ErrorCode; readonly message: string }
  | { readonly kind: "stop"; readonly code: ErrorCode; readonly message: string };

/** No pong came in time; also used for silence that the client itself notices. */
export const CLOSE_NO_PONG = 4408;
/** The connection ended without a closing handshake, or never opened. */
export const CLOSE_ABNORMAL = 1006;
/** A frame was too large for the server. */
export const CLOSE_TOO_LARGE = 1009;
/** The server drained. */
const CLOSE_DRAINED = 1012;

const RECONNECT: CloseAction = { kind: "reconnect" };
const RECONNECT_SOON: CloseAction = { kind: "reconnect_soon" };
const BACK_OFF: CloseAction = { kind: "back_off" };

/** How many doublings wider the range of delays is after `back_off`. */
export const BACK_OFF_EXTRA_STEPS = 3;

export const CLOSE_ACTIONS: ReadonlyMap<number, CloseAction> = new Map<number, CloseAction>([
  // 1000 is here for a server (or a proxy) that closes normally; the client's own close never asks this table.
  [1000, RECONNECT],
  [1001, RECONNECT],
  [1005, RECONNECT],
  [CLOSE_ABNORMAL, RECONNECT],
  [CLOSE_TOO_LARGE, RECONNECT],
  [1011, RECONNECT],
  [CLOSE_DRAINED, RECONNECT_SOON],
  [1013, BACK_OFF],
  [4401, { kind: "new_token", code: "unauthorized", message: "the token is missing, invalid or expired" }],
  [4403, { kind: "stop", code: "forbidden", message: "the connection is not allowed" }],
  [CLOSE_NO_PONG, RECONNECT],
  [4409, { kind: "stop", code: "conflict", message: "replaced by a newer connection of the same user" }],
  [4429, BACK_OFF],
]);

/** Codes that the table does not know are taken for trouble that may pass, slowly. */
export function closeAction(code: number): CloseAction {
  return CLOSE_ACTIONS.get(code) ?? BACK_OFF;
}

/** The close code that says of a refused event stream what its HTTP status says. */
export function closeCodeOfStatus(status: number): number {
  switch (status) {
    case 401:
      return 4401;
    case 403:
      return 4403;
    case 409:
      return 4409;
    case 429:
      return 4429;
    case 503:
      return 1013;
    default:
      return CLOSE_ABNORMAL;
  }
}
