import Type from "typebox";
import { Compile } from "typebox/compile";
import type { TLocalizedValidationError } from "typebox/error";
import { Failure } from "../core/failure.ts";
import { defaultEventType, type PublishRequest } from "../core/publication.ts";
import { checkPublication, checkTagCount, describeFirst } from "../protocol/decode.ts";
import { PublishBody, TopicName } from "../protocol/schemas.ts";

export interface PublicationLimits {
  /** Bytes of one publication as JSON, as many as a WebSocket frame may have. */
  readonly maxFrameBytes: number;
  /** Topics of one publish, or publications of one batch. */
  readonly batchMax: number;
}

/** What one `POST /publish` asks for. */
export interface PublishOrder {
  /** At least one. */
  readonly requests: readonly PublishRequest[];
  /** It said `topics`, and is answered with a list. */
  readonly many: boolean;
}

interface Validator {
  Check(value: unknown): boolean;
  Errors(value: unknown): TLocalizedValidationError[];
}

const { topics: _, ...fieldsOfOne } = PublishBody.properties;

/** A publication of a batch: one topic each. */
export const BatchItem = Type.Object({ ...fieldsOfOne, topic: TopicName });

/** A chat message always has a sender; of one that comes over REST and names none, it is the server. */
const chatTopic = "chat";
const serverSender = "server";

const publishValidator = Compile(PublishBody);
const itemValidator = Compile(BatchItem);

const bodyNoObject = new Failure("invalid", "body: must be a JSON object");
const itemNoObject = new Failure("invalid", "Each publication must be a JSON object.");
const topicMissing = new Failure("invalid", "topic: is needed");
const eitherTopic = new Failure("invalid", "topic or topics: exactly one of them is needed");

/** Reads the body of `POST /publish`, of so many bytes. */
export function readPublishOrder(
  value: unknown,
  bytes: number,
  limits: PublicationLimits,
): PublishOrder | Failure {
  const tooMany = checkTopicCount(value, limits);
  if (tooMany !== null) return tooMany;
  const body = checkBody<PublishBody>(publishValidator, value, bodyNoObject);
  if (body instanceof Failure) return body;
  const { topic, topics } = body;
  if ((topic === undefined) === (topics === undefined))
    return topic === undefined ? topicMissing : eitherTopic;
  const requests =
    topic === undefined ? topics!.map((one) => toRequest(body, one)) : [toRequest(body, topic)];
  return checkSize(requests[0]!, bytes, limits) ?? { requests, many: topic === undefined };
}

/** Reads one publication of a batch whose body has so many bytes. */
export function readBatchItem(
  value: unknown,
  bytes: number,
  limits: PublicationLimits,
): PublishRequest | Failure {
  const item = checkBody<PublishBody & { topic: string }>(itemValidator, value, itemNoObject);
  if (item instanceof Failure) return item;
  const request = toRequest(item, item.topic);
  return checkSize(request, bytes, limits) ?? request;
}

/** What would be too large for a WebSocket frame is too large in a body of so many bytes. */
export function checkSize(
  request: PublishRequest,
  bytes: number,
  { maxFrameBytes }: Pick<PublicationLimits, "maxFrameBytes">,
): Failure | null {
  if (bytes <= maxFrameBytes) return null;
  // The body may have had more in it than this publication: other ones, a list of topics, blanks.
  if (Buffer.byteLength(JSON.stringify(request)) <= maxFrameBytes) return null;
  return new Failure("too_large", `A publication may have ${maxFrameBytes} bytes at most.`);
}

/** Bounded before anything looks at each of them. */
function checkTopicCount(value: unknown, { batchMax }: PublicationLimits): Failure | null {
  const topics = (value as { topics?: unknown } | null | undefined)?.topics;
  if (!Array.isArray(topics) || topics.length <= batchMax) return null;
  return new Failure("too_large", `topics: at most ${batchMax} in one publish`);
}

function checkBody<Body extends PublishBody>(
  validator: Validator,
  value: unknown,
  noObject: Failure,
): Body | Failure {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return noObject;
  const tooMany = checkTagCount(value);
  if (tooMany !== null) return tooMany;
  if (!validator.Check(value)) return describeFirst(validator.Errors(value));
  const body = value as Body;
  return checkPublication(body) ?? body;
}

function toRequest(body: PublishBody, topic: string): PublishRequest {
  return {
    topic,
    event: body.event ?? defaultEventType,
    message: body.message,
    data: body.data,
    sender: body.sender ?? (topic === chatTopic ? serverSender : undefined),
    key: body.key,
    correlationId: body.correlation_id,
    tags: body.tags,
    store: body.store !== false,
  };
}
