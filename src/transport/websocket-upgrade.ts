import type { Server } from "bun";
import { errorBody } from "../core/error-body.ts";
import { errorTable } from "../core/errors.ts";
import { Failure } from "../core/failure.ts";
import type { MaybePromise } from "../core/maybe-promise.ts";
import { type AllowedOrigins, isOriginAllowed } from "../core/origin.ts";
import { type Role, readWebSocketQuery } from "../session/handshake.ts";
import type { Seat, Seats } from "../session/seats.ts";
import type { Admission, OnRefused, Refusal, RefusalReason } from "./admission.ts";
import type { WebSocketLink } from "./websocket-link.ts";
import type { WebSocketServer } from "./websocket-server.ts";

export interface UpgradeOptions {
  readonly allowedOrigins: AllowedOrigins;
  readonly topicsMax: number;
  readonly defaultRole: Role;
}

export interface UpgradePorts {
  readonly webSockets: WebSocketServer;
  readonly admission: Admission;
  readonly seats: Seats;
  readonly refused: OnRefused;
}

const foreignOrigin = new Failure(
  "forbidden",
  "This page's origin may not connect: list it in CORS_ORIGINS, or in ALLOWED_ORIGINS where that is set.",
);
const notAnUpgrade = new Failure(
  "bad_request",
  "This address speaks WebSocket: connect with a WebSocket client, or read GET /events instead.",
);

const brokenHandshake = new Failure("bad_request", "The WebSocket handshake is not valid.");

/**
 * Answers a request for the WebSocket address: an upgrade (undefined), or an error that says why not. It takes time
 * only where another node has to be asked.
 */
export function upgradeWebSocket(
  request: Request,
  server: Server<WebSocketLink>,
  options: UpgradeOptions,
  ports: UpgradePorts,
): MaybePromise<Response | undefined> {
  const refuse: Refuse = (reason, failure, headers = {}, status = errorTable[failure.code].status) => {
    ports.refused(reason, failure);
    return new Response(errorBody(failure.code, failure.message), {
      status,
      headers: { "content-type": "application/json", "cache-control": "no-store", ...headers },
    });
  };
  if (request.headers.get("upgrade")?.toLowerCase() !== "websocket" || request.method !== "GET") {
    return refuse("bad_request", notAnUpgrade, { upgrade: "websocket", connection: "Upgrade" }, 426);
  }
  if (!isOriginAllowed(request.headers.get("origin"), request.headers.get("host"), options.allowedOrigins)) {
    return refuse("origin", foreignOrigin);
  }
  const client = ports.admission.clientOf(request, server);
  const refusal = ports.admission.attempt(client);
  if (refusal !== null) return refuseFull(refusal, refuse);
  const handshake = readWebSocketQuery(queryOf(request.url), options);
  if (handshake instanceof Failure) return refuse("bad_request", handshake);
  const open = (seat: Seat | Failure): Response | undefined => {
    if (seat instanceof Failure) return refuse("conflict", seat);
    const connectionId = ports.webSockets.upgrade(request, server, handshake, client);
    if (connectionId !== null) {
      seat.taken(connectionId);
      return undefined;
    }
    seat.released();
    return refuse("bad_request", brokenHandshake);
  };
  if (handshake.userId === null) return open(ownSeat);
  const seat = ports.seats.claim(handshake.userId);
  if (!(seat instanceof Promise)) return open(seat);
  return seat.then((settled) => {
    const fullByNow = ports.admission.refusal(client);
    if (fullByNow === null) return open(settled);
    if (!(settled instanceof Failure)) settled.released();
    return refuseFull(fullByNow, refuse);
  });
}

type Refuse = (
  reason: RefusalReason,
  failure: Failure,
  headers?: Record<string, string>,
  status?: number,
) => Response;

/** Nobody else could sit where somebody without a user id does. */
const ownSeat: Seat = { taken() {}, released() {} };

function refuseFull({ reason, failure, retryAfterSeconds }: Refusal, refuse: Refuse): Response {
  return refuse(reason, failure, { "retry-after": String(retryAfterSeconds) });
}

/** Read from the text: a request whose `Host` is broken has no URL that could be parsed. */
function queryOf(url: string): URLSearchParams {
  const start = url.indexOf("?");
  return new URLSearchParams(start < 0 ? "" : url.slice(start + 1));
}
