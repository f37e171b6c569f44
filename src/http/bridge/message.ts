import Type, { type Static } from "typebox";
import { Compile } from "typebox/compile";
import type { Cluster } from "../../cluster/cluster.ts";
import { bounds } from "../../core/bounds.ts";
import { Failure } from "../../core/failure.ts";
import type { PublishRequest } from "../../core/publication.ts";
import { userIdPattern, userTopic } from "../../core/topic-name.ts";
import { checkPublication, describeFirst } from "../../protocol/decode.ts";
import { isFreeEventType } from "../../protocol/event-types.ts";
import { PublishBody } from "../../protocol/schemas.ts";
import { mentionedAccounts } from "../../session/mentions.ts";
import type { JsonBody } from "../json-body.ts";
import { checkSize } from "../read-publication.ts";

const { event, message, data } = PublishBody.properties;

/** Milliseconds that a request waits for its final answer: by default, and at most. */
export const timeoutMs = { byDefault: 30_000, atMost: 300_000 } as const;

const fields = {
  user_id: Type.String({ pattern: userIdPattern, description: "Whom it is for." }),
  message,
  data,
  type: event,
};

/** A message to one user. */
export const PushBody = Type.Object(fields);
export type PushBody = Static<typeof PushBody>;

/** A message to one user that waits for answers. */
export const SendBody = Type.Object({
  ...fields,
  correlation_id: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: bounds.correlationId,
      description: "Names the request in its answers; made up if absent.",
    }),
  ),
  timeout_ms: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: timeoutMs.atMost,
      description: "How long to wait for the final answer.",
    }),
  ),
});
export type SendBody = Static<typeof SendBody>;

const pushValidator = Compile(PushBody);
const sendValidator = Compile(SendBody);

const notAnObject = new Failure("invalid", "body: must be a JSON object");
const reservedType = new Failure(
  "invalid",
  "type: this word is a frame type of the protocol, choose another",
);
const notConnected = new Failure("not_found", "The user is not connected: nothing was sent.");
const accountNotConnected = new Failure(
  "not_found",
  "A mentioned account is not connected: nothing was sent.",
);

export interface BridgeLimits {
  readonly maxFrameBytes: number;
  readonly publicAccounts: readonly string[];
}

/** Reads one message of a body of so many bytes. */
export function readPush(value: unknown, bytes: number, limits: BridgeLimits): PushBody | Failure {
  return checked<PushBody>(pushValidator, value, bytes, limits);
}

export function readSend({ value, bytes }: JsonBody, limits: BridgeLimits): SendBody | Failure {
  return checked<SendBody>(sendValidator, value, bytes, limits);
}

/** Who is to get it: the public accounts that it mentions, else its recipient. */
export interface Recipients {
  readonly userIds: readonly string[];
  /** What is said when one of them is away. */
  readonly absent: Failure;
}

export function recipientsOf(body: PushBody, accounts: readonly string[]): Recipients {
  const mentioned = body.message === undefined ? [] : mentionedAccounts(body.message, accounts);
  return mentioned.length > 0
    ? { userIds: mentioned, absent: accountNotConnected }
    : { userIds: [body.user_id], absent: notConnected };
}

/** Null: all of them are connected. */
export async function checkConnected(
  { userIds, absent }: Recipients,
  cluster: Pick<Cluster, "connectedAmong">,
): Promise<Failure | null> {
  const connected = await cluster.connectedAmong(userIds);
  if (connected instanceof Failure) return connected;
  return connected.size === userIds.length ? null : absent;
}

/** The publication that a recipient gets. */
export function publicationFor(userId: string, body: PushBody): PublishRequest {
  return {
    topic: userTopic(userId),
    event: body.type ?? "message",
    message: body.message,
    data: body.data,
    store: true,
  };
}

function checked<Body extends PushBody>(
  validator: { Check(value: unknown): boolean; Errors(value: unknown): Parameters<typeof describeFirst>[0] },
  value: unknown,
  bytes: number,
  limits: BridgeLimits,
): Body | Failure {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return notAnObject;
  if (!validator.Check(value)) return describeFirst(validator.Errors(value));
  const body = value as Body;
  if (body.type !== undefined && !isFreeEventType(body.type)) return reservedType;
  const failure = checkPublication(body) ?? checkSize(publicationFor(body.user_id, body), bytes, limits);
  return failure ?? body;
}
