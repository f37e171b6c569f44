import { Elysia } from "elysia";
import Type from "typebox";
import type { Identity } from "../../auth/identity.ts";
import { Failure } from "../../core/failure.ts";
import { BridgeBatchAnswer, PushAnswer } from "../answer-schemas.ts";
import { bodySchema } from "../body-schema.ts";
import { PushBody, readPush, readSend, SendBody } from "../bridge/message.ts";
import { preparePush, push } from "../bridge/push.ts";
import { answerSend } from "../bridge/send.ts";
import type { HttpContext } from "../context.ts";
import { documented, tags } from "../documentation.ts";
import { orThrow } from "../http-failure.ts";
import type { JsonBody } from "../json-body.ts";
import { jsonParser } from "../json-parser.ts";
import { originalOf } from "../request-url.ts";
import type { ServerSlot } from "../server-slot.ts";

const errors = [
  "bad_request",
  "forbidden",
  "not_found",
  "too_large",
  "invalid",
  "rate_limited",
  "unavailable",
] as const;

const pushText = {
  summary: "Push to a user",
  description:
    "Publishes to the user's own topic. A public account that the message mentions (`@account`) gets it instead of " +
    "the recipient. Nothing is stored for a user who is connected nowhere.",
  tag: tags.users,
  answer: PushAnswer,
  errors,
} as const;

const batchText = {
  summary: "Push many messages",
  description: "Each message has its own result; one that fails stops none of the others.",
  tag: tags.users,
  answer: BridgeBatchAnswer,
  errors: ["bad_request", "forbidden", "too_large", "invalid"],
} as const;

const sendText = {
  summary: "Ask a user, and stream the answers",
  description:
    "All connections of the user are asked. What they answer streams back as `event: response`, until the first " +
    "final answer, or `event: error` with `timeout`, `gone` or `lost`.",
  tag: tags.users,
  contentTypes: ["text/event-stream"],
  errors: [...errors, "conflict"],
} as const;

const examples = {
  push: { user_id: "alice", message: "Your order is on its way", data: { order: 17 } },
  send: { user_id: "alice", message: "Are you there?", timeout_ms: 5000 },
} as const;

const Batch = Type.Array(PushBody);
const BatchBody = Type.Union([Batch, Type.Object({ messages: Batch })]);

const notABatch = new Failure("invalid", "body: must be a JSON array, or an object with `messages`");

/** The bridge between services that speak HTTP and users who are connected. */
export function bridgeRoutes(context: HttpContext, server: ServerSlot) {
  const { callers, config } = context;
  const parse = jsonParser(context);
  const readOne = ({ value, bytes }: JsonBody) => readPush(value, bytes, config);
  return new Elysia()
    .post(`${config.ssePath}/push`, ({ body, request }) => answerPush(context, callers.of(request), body), {
      body: bodySchema<PushBody>(PushBody, examples.push, readOne),
      parse,
      detail: documented(pushText),
    })
    .post(config.sseBatchPath, ({ body, request }) => answerBatch(context, callers.of(request), body), {
      body: bodySchema<Batch>(BatchBody, [examples.push], (body) => readBatch(body, config.batchMax)),
      parse,
      detail: documented(batchText),
    })
    .post(
      `${config.ssePath}/send`,
      ({ body, request }) => {
        const original = originalOf(request);
        server.get().timeout(original, 0);
        return answerSend(context, callers.of(request), body, original.signal);
      },
      {
        body: bodySchema<SendBody>(SendBody, examples.send, (body) => readSend(body, config)),
        parse,
        detail: documented(sendText),
      },
    );
}

async function answerPush(context: HttpContext, caller: Identity, body: PushBody): Promise<object> {
  const ready = orThrow(await preparePush(context, caller, body));
  const pushed = orThrow(await push(context, caller, ready));
  const [first] = pushed;
  const { user_id: _, ...position } = first!;
  const answer = { status: "success", ...position };
  return pushed.length === 1 ? answer : { ...answer, results: pushed };
}

/** A batch that was read: its messages are checked one by one. */
interface Batch {
  readonly messages: readonly unknown[];
  readonly bytes: number;
}

function readBatch({ value, bytes }: JsonBody, batchMax: number): Batch | Failure {
  const messages = Array.isArray(value)
    ? value
    : (value as { messages?: unknown } | null | undefined)?.messages;
  if (!Array.isArray(messages)) return notABatch;
  if (messages.length > batchMax)
    return new Failure("too_large", `messages: at most ${batchMax} in one batch`);
  return { messages, bytes };
}

async function answerBatch(
  context: HttpContext,
  caller: Identity,
  { messages, bytes }: Batch,
): Promise<object> {
  const results: object[] = [];
  // All at once: where other nodes are to be asked who is connected, it is one question.
  const prepared = await Promise.all(
    messages.map((message) => {
      const body = readPush(message, bytes, context.config);
      return body instanceof Failure ? body : preparePush(context, caller, body);
    }),
  );
  for (const [index, message] of messages.entries()) {
    const ready = prepared[index]!;
    const pushed = ready instanceof Failure ? ready : await push(context, caller, ready);
    const userId = (message as { user_id?: unknown } | null)?.user_id;
    const named = typeof userId === "string" ? { user_id: userId.slice(0, 255) } : {};
    if (pushed instanceof Failure) {
      context.counters.errors.add(pushed.code);
      results.push({ ...named, status: "error", error: { code: pushed.code, message: pushed.message } });
    } else {
      const [first] = pushed;
      const where = first?.local === true ? { local: true } : { offset: first?.offset };
      results.push({ ...named, status: "ok", ...where });
    }
  }
  return { results };
}
