import type { Server } from "bun";
import { errorBody } from "../core/error-body.ts";
import { errorTable } from "../core/errors.ts";
import { Failure } from "../core/failure.ts";
import { type AllowedOrigins, isOriginAllowed } from "../core/origin.ts";
import { type Role, readWebSocketQuery } from "../session/handshake.ts";
import type { UserRegistry } from "../session/user-registry.ts";
import type { Admission, OnRefused, RefusalReason } from "./admission.ts";
import type { WebSocketLink } from "./websocket-link.ts";
import type { WebSocketServer } from "./websocket-server.ts";

export interface UpgradeOptions {
  readonly allowedOrigins: AllowedOrigins;
  readonly topicsMax: number;
  readonly defaultRole: Role;
  readonly duplicateUser: DuplicateUser;
}

/** What a user's second WebSocket does: stand beside the first, take its place, or be refused. */
export type DuplicateUser = "allow" | "replace" | "reject";

export interface UpgradePorts {
  readonly webSockets: WebSocketServer;
  readonly admission: Admission;
  readonly users: UserRegistry;
  readonly refused: OnRefused;
}

const foreignOrigin = new Failure(
  "forbidden",
  "This page's origin may not connect: list it in CORS_ORIGINS, or in ALLOWED_ORIGINS where that is set.",
);
const alreadyConnected = new Failure(
  "conflict",
  "This user is connected already: close the other connection first.",
);
const notAnUpgrade = new Failure(
  "bad_request",
  "This address speaks WebSocket: connect with a WebSocket client, or read GET /events instead.",
);

/** Answers a request for the WebSocket address: an upgrade (undefined), or an error that says why not. */
export function upgradeWebSocket(
  request: Request,
  server: Server<WebSocketLink>,
  options: UpgradeOptions,
  ports: UpgradePorts,
): Response | undefined {
  const refuse = (
    reason: RefusalReason,
    failure: Failure,
    headers: Record<string, string> = {},
    status?: number,
  ) => {
    ports.refused(reason, failure);
    return new Response(errorBody(failure.code, failure.message), {
      status: status ?? errorTable[failure.code].status,
      headers: { "content-type": "application/json", "cache-control": "no-store", ...headers },
    });
  };
  if (request.headers.get("upgrade")?.toLowerCase() !== "websocket" || request.method !== "GET") {
    return refuse("bad_request", notAnUpgrade, { upgrade: "websocket", connection: "Upgrade" }, 426);
  }
  const { headers } = request;
  if (!isOriginAllowed(headers.get("origin"), headers.get("host"), options.allowedOrigins)) {
    return refuse("origin", foreignOrigin);
  }
  const client = ports.admission.clientOf(request, server);
  const refusal = ports.admission.attempt(client);
  if (refusal !== null) {
    const { reason, failure, retryAfterSeconds } = refusal;
    return refuse(reason, failure, { "retry-after": String(retryAfterSeconds) });
  }
  const handshake = readWebSocketQuery(queryOf(request.url), options);
  if (handshake instanceof Failure) return refuse("bad_request", handshake);
  const { userId } = handshake;
  const isOneOfMany = userId === null || options.duplicateUser === "allow";
  const earlier = isOneOfMany ? [] : ports.users.webSocketsOf(userId);
  if (earlier.length > 0 && options.duplicateUser === "reject") return refuse("conflict", alreadyConnected);
  if (!ports.webSockets.upgrade(request, server, handshake, client)) {
    return refuse("bad_request", new Failure("bad_request", "The WebSocket handshake is not valid."));
  }
  // Not before: a broken handshake takes nobody's place.
  for (const connection of earlier) connection.disconnect("replaced");
  return undefined;
}

/** Read from the text: a request whose `Host` is broken has no URL that could be parsed. */
function queryOf(url: string): URLSearchParams {
  const start = url.indexOf("?");
  return new URLSearchParams(start < 0 ? "" : url.slice(start + 1));
}
