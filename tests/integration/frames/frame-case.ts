import { encodeClosePayload, encodeFrame, type FrameOptions, Opcode } from "../../support/raw-frame.ts";

/**
 * One row of the table: what a client on `/ws` writes to the socket, and what has to become of it. The
 * numbers in the names follow the sections of the Autobahn test suite where a case comes from there.
 */
export interface FrameCase {
  readonly name: string;
  /** Written to the socket one after the other. */
  readonly send: readonly Uint8Array[];
  /** Cuts what is sent into pieces of so many bytes, which the server reads one by one. Default: one piece. */
  readonly pieceBytes?: number;
  /** The texts published on `chat`, in order: what every subscriber sees, the sender included. */
  readonly chat?: readonly string[];
  /** The payloads of the pongs that come back, in order. */
  readonly pongs?: readonly (string | Uint8Array)[];
  /** How many `bad_request` errors come back. */
  readonly badRequests?: number;
  readonly end: CaseEnd;
  /** Where the runtime departs from RFC 6455: what it does instead, and why that is safe. */
  readonly departure?: string;
}

export type CaseEnd =
  | { readonly kind: "open" }
  /** The server sends a close frame with this code (null: without one), then ends the TCP connection. */
  | { readonly kind: "closed"; readonly code: number | null; readonly reason?: string };

export const staysOpen: CaseEnd = { kind: "open" };

export function closes(code: number | null, reason?: string): CaseEnd {
  return reason === undefined ? { kind: "closed", code } : { kind: "closed", code, reason };
}

type Payload = string | Uint8Array;
type Overrides = Omit<FrameOptions, "opcode" | "payload">;

export function text(payload: Payload, overrides: Overrides = {}): Uint8Array {
  return encodeFrame({ opcode: Opcode.text, payload, ...overrides });
}

export function binary(payload: Payload, overrides: Overrides = {}): Uint8Array {
  return encodeFrame({ opcode: Opcode.binary, payload, ...overrides });
}

export function continuation(payload: Payload, overrides: Overrides = {}): Uint8Array {
  return encodeFrame({ opcode: Opcode.continuation, payload, ...overrides });
}

export function ping(payload: Payload = "", overrides: Overrides = {}): Uint8Array {
  return encodeFrame({ opcode: Opcode.ping, payload, ...overrides });
}

export function pong(payload: Payload = "", overrides: Overrides = {}): Uint8Array {
  return encodeFrame({ opcode: Opcode.pong, payload, ...overrides });
}

export function close(code: number, reason: Payload = "", overrides: Overrides = {}): Uint8Array {
  return encodeFrame({ opcode: Opcode.close, payload: encodeClosePayload(code, reason), ...overrides });
}

/** A frame that is not the last of its message. */
export const unfinished = { fin: false } as const;

export function hex(digits: string): Uint8Array {
  return Uint8Array.fromHex(digits.replaceAll(" ", ""));
}
