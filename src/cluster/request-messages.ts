import Type, { type Static } from "typebox";
import { bounds } from "../core/bounds.ts";
import type { Random } from "../core/ports.ts";
import { userIdPattern } from "../core/topic-name.ts";
import type { Requests } from "../session/requests.ts";
import { noticeKind, questionKind } from "./message-kinds.ts";

/** What nodes say to each other about a request to a user. */

/** The request's name at its caller's node: correlation ids are the callers' own, and may be the same on two. */
const id = Type.String({ minLength: 1, maxLength: 64 });

/** Counts what one node says of a request, so that the caller's node sees when something was lost on the way. */
const n = Type.Integer({ minimum: 0 });

const Asking = Type.Object({
  id,
  users: Type.Array(Type.String({ pattern: userIdPattern })),
  correlation_id: Type.String({ minLength: 1, maxLength: bounds.correlationId }),
  message: Type.Optional(Type.String()),
  data: Type.Optional(Type.Unknown()),
  timeout_ms: Type.Integer({ minimum: 1 }),
});
export type Asking = Static<typeof Asking>;

/** Answered with whether there was anybody to ask. */
export const asking = questionKind("request.ask", Asking, Type.Object({ asked: Type.Boolean() }));

/** A connection answered. */
export const answered = noticeKind(
  "request.answered",
  Type.Object({ id, n, data: Type.Unknown(), final: Type.Boolean() }),
);

/** All connections that were asked on that node have left. */
export const left = noticeKind("request.left", Type.Object({ id, n }));

/** Nobody waits for answers any more. */
export const cancelled = noticeKind("request.cancelled", Type.Object({ id }));

const madeUpLength = 20;

/** The correlation id that connections of this node are told: another one where a request is waiting with it here. */
export function freeCorrelationId(correlationId: string, requests: Requests, random: Random): string {
  return requests.has(correlationId) ? random.token(madeUpLength) : correlationId;
}
