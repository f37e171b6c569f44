import type { PublishResult } from "../broker/port.ts";
import { errorTable } from "../core/errors.ts";
import { Failure } from "../core/failure.ts";
import type { MaybePromise } from "../core/maybe-promise.ts";
import type { PublishRequest } from "../core/publication.ts";
import { encodeAcceptedFields } from "../protocol/encode.ts";
import type { HttpContext } from "./context.ts";
import { jsonAnswer } from "./json-answer.ts";

/** One publication of a list; `topic` undefined: it could not be read. */
export interface Result {
  readonly topic: string | undefined;
  readonly outcome: PublishResult;
}

type PublishingContext = Pick<HttpContext, "hub" | "counters">;

/** Publishes, and counts it once it is accepted. */
export function publish(context: PublishingContext, request: PublishRequest): MaybePromise<PublishResult> {
  const outcome = context.hub.publish(request);
  if (outcome instanceof Promise) return outcome.then((settled) => counted(context, settled));
  return counted(context, outcome);
}

/** Publishes all of them, in order; a Failure in their midst is its own result and stops nobody. */
export function publishAll(
  context: PublishingContext,
  items: readonly (PublishRequest | { topic: string | undefined; failure: Failure })[],
): Promise<Result[]> {
  return Promise.all(
    items.map(async (item) => {
      if ("failure" in item) return { topic: item.topic, outcome: item.failure };
      return { topic: item.topic, outcome: await publish(context, item) };
    }),
  );
}

/** `{"results":[…]}`, in the order of the publications; an error's status if there was nothing but errors. */
export function answerResults(context: PublishingContext, results: readonly Result[]): Response {
  const text = results.map((result) => encodeResult(context, result)).join(",");
  return jsonAnswer(`{"results":[${text}]}`, statusOf(results));
}

function counted(context: PublishingContext, outcome: PublishResult): PublishResult {
  if (!(outcome instanceof Failure)) context.counters.publications.rest++;
  return outcome;
}

function encodeResult({ counters }: PublishingContext, { topic, outcome }: Result): string {
  if (!(outcome instanceof Failure)) return `{${encodeAcceptedFields(topic!, outcome)}}`;
  counters.errors.add(outcome.code);
  const { code, message } = outcome;
  return JSON.stringify({ topic, error: { code, message } });
}

/** 503 if all failed: nothing was published, and each result says whether trying again may help. */
function statusOf(results: readonly Result[]): number {
  const anyAccepted = results.some(({ outcome }) => !(outcome instanceof Failure));
  return anyAccepted || results.length === 0 ? 200 : errorTable.unavailable.status;
}
