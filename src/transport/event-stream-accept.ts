import type { Server } from "bun";
import type { Access } from "../auth/access.ts";
import type { Identity } from "../auth/identity.ts";
import { Failure } from "../core/failure.ts";
import { type AllowedOrigins, isOriginAllowed } from "../core/origin.ts";
import type { Admission, OnRefused } from "./admission.ts";
import { readEventStreamRequest, streamFor } from "./event-stream-request.ts";
import type { EventStreamServer } from "./event-stream-server.ts";

export interface EventStreamAcceptPorts {
  readonly eventStreams: EventStreamServer;
  readonly admission: Admission;
  readonly topicsMax: number;
  readonly access: Access;
  readonly allowedOrigins: AllowedOrigins;
  /** What a refused client is told to wait before it comes back. */
  readonly retryMs: number;
  readonly refused: OnRefused;
}

const foreignOrigin = new Failure(
  "forbidden",
  "This page's origin may not connect: list it in ALLOWED_ORIGINS.",
);

/** Answers `GET /events`: a stream that stays open, or a Failure that says why not. */
export function acceptEventStream(
  request: Request,
  server: Pick<Server<unknown>, "requestIP" | "timeout">,
  reader: Identity,
  ports: EventStreamAcceptPorts,
): Response | Failure {
  const { headers } = request;
  const { allowedOrigins } = ports;
  // A page that may read nothing across origins gets nothing to read anyway; where there is a list it is kept to.
  const isForeign = !isOriginAllowed(headers.get("origin"), headers.get("host"), allowedOrigins);
  if (isForeign && !allowedOrigins.ownHost) {
    ports.refused("origin", foreignOrigin);
    return foreignOrigin;
  }
  const client = ports.admission.clientOf(request, server);
  const refusal = ports.admission.attempt(client);
  if (refusal !== null) {
    const { reason, failure, passes, retryAfterSeconds } = refusal;
    ports.refused(reason, failure);
    // An error status would stop a browser's EventSource for good: it is sent away with the time to wait instead.
    const retryMs = Math.max(ports.retryMs, retryAfterSeconds * 1000);
    return passes ? ports.eventStreams.refuse(retryMs) : failure;
  }
  const start = request.url.indexOf("?");
  const query = new URLSearchParams(start < 0 ? "" : request.url.slice(start + 1));
  const asked = readEventStreamRequest(query, headers.get("last-event-id"), ports.topicsMax);
  const stream = asked instanceof Failure ? asked : streamFor(asked, reader, ports);
  if (stream instanceof Failure) {
    ports.refused(stream.code === "forbidden" ? "forbidden" : "bad_request", stream);
    return stream;
  }
  // The runtime would cut a stream that is quiet for longer than a request may be.
  server.timeout(request, 0);
  return ports.eventStreams.accept(stream, client);
}
