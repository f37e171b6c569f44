import type { PublishResult } from "../broker/port.ts";
import { Failure } from "../core/failure.ts";
import type { MaybePromise } from "../core/maybe-promise.ts";
import type { PublishRequest } from "../core/publication.ts";
import { encodeAck } from "../protocol/encode.ts";
import type { CommandId } from "../protocol/schemas.ts";
import type { Session } from "./session.ts";

/** A receive-only client wanted to send. */
export const notAuthorized = new Failure("forbidden", "You are not authorized");

/** Publishes for the session's client, and acknowledges if it gave an id. */
export function publishAs(session: Session, id: CommandId | undefined, request: PublishRequest): void {
  const { topic } = request;
  if (session.isHeldUp(topic, "shared")) {
    session.inOrder(topic, () => publishNow(session, id, request), "shared");
    return;
  }
  const pending = publishNow(session, id, request);
  if (pending instanceof Promise) session.inOrder(topic, () => pending, "shared");
}

function publishNow(
  session: Session,
  id: CommandId | undefined,
  request: PublishRequest,
): MaybePromise<void> {
  const { standing, context } = session;
  const refusal = standing.refusal("publish", request.topic);
  if (refusal !== null) {
    session.fail(id, refusal, request.topic);
    return;
  }
  const { publisher } = standing.identity;
  const outcome = context.hub.publish(
    publisher === undefined || request.key === undefined ? request : { ...request, publisher },
  );
  if (outcome instanceof Promise)
    return outcome.then((settled) => answer(session, id, request.topic, settled));
  answer(session, id, request.topic, outcome);
}

function answer(session: Session, id: CommandId | undefined, topic: string, outcome: PublishResult): void {
  if (outcome instanceof Failure) {
    session.fail(id, outcome);
    return;
  }
  session.context.counters.publications.websocket++;
  if (id !== undefined) session.send(encodeAck(id, topic, outcome));
}
