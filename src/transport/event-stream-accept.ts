import type { Server } from "bun";
import { Failure } from "../core/failure.ts";
import { type Admission, type OnRefused, reasonOf } from "./admission.ts";
import { readEventStreamRequest } from "./event-stream-request.ts";
import type { EventStreamServer } from "./event-stream-server.ts";

export interface EventStreamAcceptPorts {
  readonly eventStreams: EventStreamServer;
  readonly admission: Admission;
  readonly topicsMax: number;
  /** What a refused client is told to wait before it comes back. */
  readonly retryMs: number;
  readonly refused: OnRefused;
}

/** Answers `GET /events`: a stream that stays open, or a Failure that says why not. */
export function acceptEventStream(
  request: Request,
  server: Pick<Server<unknown>, "timeout">,
  ports: EventStreamAcceptPorts,
): Response | Failure {
  const refusal = ports.admission.refusal();
  if (refusal !== null) {
    ports.refused(reasonOf(refusal), refusal);
    // An error status would stop a browser's EventSource for good: it is sent away with the time to wait instead.
    return refusal.code === "draining" ? ports.eventStreams.refuse(ports.retryMs) : refusal;
  }
  const start = request.url.indexOf("?");
  const query = new URLSearchParams(start < 0 ? "" : request.url.slice(start + 1));
  const read = readEventStreamRequest(query, request.headers.get("last-event-id"), ports.topicsMax);
  if (read instanceof Failure) {
    ports.refused("bad_request", read);
    return read;
  }
  // The runtime would cut a stream that is quiet for longer than a request may be.
  server.timeout(request, 0);
  return ports.eventStreams.accept(read);
}
