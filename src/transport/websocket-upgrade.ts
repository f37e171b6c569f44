import type { Server } from "bun";
import type { Authenticator } from "../auth/authenticator.ts";
import { readCredentials } from "../auth/credentials.ts";
import type { Identity } from "../auth/identity.ts";
import { errorBody } from "../core/error-body.ts";
import { errorTable } from "../core/errors.ts";
import { Failure } from "../core/failure.ts";
import type { MaybePromise } from "../core/maybe-promise.ts";
import { type AllowedOrigins, isOriginAllowed } from "../core/origin.ts";
import { type Asked, type HandshakeRules, handshakeOf, readWebSocketQuery } from "../session/handshake.ts";
import type { Seat, Seats } from "../session/seats.ts";
import type { Admission, OnRefused, Refusal, RefusalReason } from "./admission.ts";
import type { Arrival, WebSocketLink } from "./websocket-link.ts";
import type { WebSocketServer } from "./websocket-server.ts";

export interface UpgradeOptions {
  readonly allowedOrigins: AllowedOrigins;
  readonly handshakes: HandshakeRules;
}

export interface UpgradePorts {
  readonly webSockets: WebSocketServer;
  readonly authenticator: Authenticator;
  /** Who somebody is that brings nothing; null: it must show a token first. */
  readonly withoutToken: Identity | null;
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
 * only where a token is to be checked, or another node to be asked.
 */
export function upgradeWebSocket(
  request: Request,
  server: Server<WebSocketLink>,
  options: UpgradeOptions,
  ports: UpgradePorts,
): MaybePromise<Response | undefined> {
  return new Upgrade(request, server, options, ports).answer();
}

/** One request on its way to be a WebSocket. */
class Upgrade {
  readonly #request: Request;
  readonly #server: Server<WebSocketLink>;
  readonly #options: UpgradeOptions;
  readonly #ports: UpgradePorts;
  readonly #client: string | null;

  constructor(request: Request, server: Server<WebSocketLink>, options: UpgradeOptions, ports: UpgradePorts) {
    this.#request = request;
    this.#server = server;
    this.#options = options;
    this.#ports = ports;
    this.#client = ports.admission.clientOf(request, server);
  }

  answer(): MaybePromise<Response | undefined> {
    const { headers, method, url } = this.#request;
    if (headers.get("upgrade")?.toLowerCase() !== "websocket" || method !== "GET") {
      return this.#refuse("bad_request", notAnUpgrade, { upgrade: "websocket", connection: "Upgrade" }, 426);
    }
    if (!isOriginAllowed(headers.get("origin"), headers.get("host"), this.#options.allowedOrigins)) {
      return this.#refuse("origin", foreignOrigin);
    }
    const refusal = this.#ports.admission.attempt(this.#client);
    if (refusal !== null) return this.#refuseFull(refusal);
    const query = queryOf(url);
    const asked = readWebSocketQuery(query, this.#options.handshakes.topicsMax);
    if (asked instanceof Failure) return this.#refuse("bad_request", asked);
    const found = this.#identify(query);
    if (!(found instanceof Promise)) return this.#identified(asked, found);
    return found.then((settled) => this.#orFullByNow(() => this.#identified(asked, settled)));
  }

  /** Null: it brings nothing, and must show a token first. */
  #identify(query: URLSearchParams): MaybePromise<Identity | Failure | null> {
    const { authenticator, withoutToken } = this.#ports;
    // What a client sends along for a server that asks for it is no reason for one that does not to turn it away.
    if (authenticator.isOpen) return withoutToken;
    const found = authenticator.identifyBy(readCredentials(this.#request.headers, query));
    return found === null ? withoutToken : found;
  }

  #identified(asked: Asked, found: Identity | Failure | null): MaybePromise<Response | undefined> {
    if (found === null) return this.#open({ kind: "unknown", asked }, ownSeat);
    if (found instanceof Failure) return this.#refuse("unauthorized", found, challengeOf(found));
    const handshake = handshakeOf(asked, found, this.#options.handshakes);
    if (handshake instanceof Failure) {
      return this.#refuse(handshake.code === "forbidden" ? "forbidden" : "bad_request", handshake);
    }
    const arrival: Arrival = { kind: "known", handshake };
    if (handshake.userId === null) return this.#open(arrival, ownSeat);
    const seat = this.#ports.seats.claim(handshake.userId);
    if (!(seat instanceof Promise)) return this.#sit(arrival, seat);
    return seat.then((settled) => this.#orFullByNow(() => this.#sit(arrival, settled), settled));
  }

  #sit(arrival: Arrival, seat: Seat | Failure): Response | undefined {
    return seat instanceof Failure ? this.#refuse("conflict", seat) : this.#open(arrival, seat);
  }

  #open(arrival: Arrival, seat: Seat): Response | undefined {
    const connectionId = this.#ports.webSockets.upgrade(this.#request, this.#server, arrival, this.#client);
    if (connectionId !== null) {
      seat.taken(connectionId);
      return undefined;
    }
    seat.released();
    return this.#refuse("bad_request", brokenHandshake);
  }

  /** Goes on, unless there was time for others to come in and take the last place. */
  #orFullByNow<Answer>(goOn: () => Answer, seat: Seat | Failure | null = null): Answer | Response {
    const fullByNow = this.#ports.admission.refusal(this.#client);
    if (fullByNow === null) return goOn();
    if (seat !== null && !(seat instanceof Failure)) seat.released();
    return this.#refuseFull(fullByNow);
  }

  #refuseFull({ reason, failure, retryAfterSeconds }: Refusal): Response {
    return this.#refuse(reason, failure, { "retry-after": String(retryAfterSeconds) });
  }

  #refuse(
    reason: RefusalReason,
    failure: Failure,
    headers: Record<string, string> = {},
    status: number = errorTable[failure.code].status,
  ): Response {
    this.#ports.refused(reason, failure);
    return new Response(errorBody(failure.code, failure.message), {
      status,
      headers: { "content-type": "application/json", "cache-control": "no-store", ...headers },
    });
  }
}

/** Nobody else could sit where somebody without a user id does. */
const ownSeat: Seat = { taken() {}, released() {} };

function challengeOf({ code }: Failure): Record<string, string> {
  return code === "unauthorized"
    ? { "www-authenticate": 'Bearer realm="fanfare", error="invalid_token"' }
    : {};
}

/** Read from the text: a request whose `Host` is broken has no URL that could be parsed. */
function queryOf(url: string): URLSearchParams {
  const start = url.indexOf("?");
  return new URLSearchParams(start < 0 ? "" : url.slice(start + 1));
}
