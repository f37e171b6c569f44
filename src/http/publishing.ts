import type { Identity } from "../auth/identity.ts";
import type { PublishResult } from "../broker/port.ts";
import { errorTable } from "../core/errors.ts";
import { Failure } from "../core/failure.ts";
import type { MaybePromise } from "../core/maybe-promise.ts";
import type { PublishRequest } from "../core/publication.ts";
import { encodeAcceptedFields } from "../protocol/encode.ts";
import { asCaller } from "./as-caller.ts";
import type { HttpContext } from "./context.ts";
import { jsonAnswer } from "./json-answer.ts";

/** One publication of a list; `topic` undefined: it could not be read. */
export interface Result {
  readonly topic: string | undefined;
  readonly outcome: PublishResult;
}

type PublishingContext = Pick<HttpContext, "hub" | "counters" | "access">;

/** Publishes for a caller who may, and counts it once it is accepted. */
export function publish(
  context: PublishingContext,
  caller: Identity,
  request: PublishRequest,
): MaybePromise<PublishResult> {
  const refusal = context.access(caller, "publish", request.topic);
  if (refusal !== null) return refusal;
  const outcome = context.hub.publish(asCaller(caller, request));
  if (outcome instanceof Promise) return outcome.then((settled) => counted(context, settled));
  return counted(context, outcome);
}

/** Publishes all of them, in order; a Failure in their midst is its own result and stops nobody. */
export function publishAll(
  context: PublishingContext,
  caller: Identity,
  items: readonly (PublishRequest | { topic: string | undefined; failure: Failure })[],
): Promise<Result[]> {
  return Promise.all(
    items.map(async (item) => {
      if ("failure" in item) return { topic: item.topic, outcome: item.failure };
      return { topic: item.topic, outcome: await publish(context, caller, item) };
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

/**
 * 503 if all failed: nothing was published, and each result says whether trying again may help; 403 if it cannot,
 * as none was allowed.
 */
function statusOf(results: readonly Result[]): number {
  const isFailure = ({ outcome }: Result) => outcome instanceof Failure;
  if (results.length === 0 || !results.every(isFailure)) return 200;
  const isForbidden = ({ outcome }: Result) => outcome instanceof Failure && outcome.code === "forbidden";
  return errorTable[results.every(isForbidden) ? "forbidden" : "unavailable"].status;
}
