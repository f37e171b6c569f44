import type { Address } from "../../support/raw-connection.ts";
import { concatenate, toBytes } from "../../support/raw-frame.ts";
import { buildRequest, handshakeHeaders } from "../../support/raw-websocket.ts";

/** One row of the table: a request in the place of a WebSocket handshake, and how it is answered. */
export interface UpgradeCase {
  readonly name: string;
  /** Default: GET. */
  readonly method?: string;
  /** Path and query. Default: /ws. */
  readonly target?: string | Uint8Array;
  /** Default: HTTP/1.1. */
  readonly protocol?: string;
  /** Laid over the headers of a valid handshake; null leaves one out. `host` is the Host header's value. */
  readonly headers?: (host: string) => Readonly<Record<string, string | null>>;
  /** Further lines, for headers that come twice. */
  readonly moreLines?: readonly string[];
  /** The bytes to send, for what is no request at all. */
  readonly raw?: string;
  readonly pieceBytes?: number;
  readonly answer: UpgradeAnswer;
  /** Where the runtime departs from the RFCs: what it does instead, and why that is safe. */
  readonly departure?: string;
}

export type UpgradeAnswer =
  /** 101, then `welcome`. */
  | { readonly kind: "welcomed" }
  /** The server's own refusal, in the shape that all errors have. */
  | { readonly kind: "refused"; readonly status: number; readonly code: string }
  /** The runtime's refusal, before the server sees the request; without a body, and it closes. */
  | { readonly kind: "rejected"; readonly status: number }
  /** The connection ends without an answer. */
  | { readonly kind: "cut" };

export const welcomed: UpgradeAnswer = { kind: "welcomed" };
export const cut: UpgradeAnswer = { kind: "cut" };

export function refused(status: number, code: string): UpgradeAnswer {
  return { kind: "refused", status, code };
}

export function rejected(status: number): UpgradeAnswer {
  return { kind: "rejected", status };
}

export function requestBytes(upgradeCase: UpgradeCase, address: Address): Uint8Array {
  if (upgradeCase.raw !== undefined) return toBytes(upgradeCase.raw);
  const usual = handshakeHeaders(address);
  const headers = { ...usual, ...upgradeCase.headers?.(usual.Host!) };
  const request = buildRequest("", headers, upgradeCase.moreLines);
  const { method = "GET", target = "/ws", protocol = "HTTP/1.1" } = upgradeCase;
  return concatenate([toBytes(`${method} `), toBytes(target), toBytes(` ${protocol}`), toBytes(request)]);
}
