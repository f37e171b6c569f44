import type { Identity } from "../../auth/identity.ts";
import { Failure } from "../../core/failure.ts";
import { userTopic } from "../../core/topic-name.ts";
import type { HttpContext } from "../context.ts";
import { publish } from "../publishing.ts";
import { checkConnected, type PushBody, publicationFor, type Recipients, recipientsOf } from "./message.ts";

/** Where a push went: the topic of one recipient, and its position or that it has none. */
export interface Pushed {
  readonly user_id: string;
  readonly topic: string;
  readonly epoch?: string;
  readonly offset?: number;
  readonly local?: true;
}

/** A push whose recipients are all connected. */
export interface ReadyPush {
  readonly body: PushBody;
  readonly userIds: readonly string[];
}

/** A Failure when the caller may not push to one of the recipients, or one is away. */
export async function preparePush(
  context: HttpContext,
  caller: Identity,
  body: PushBody,
): Promise<ReadyPush | Failure> {
  const recipients = recipientsOf(body, context.config.publicAccounts);
  // First: who may not push is not told who is there.
  const refusal = refusePush(context, caller, recipients);
  if (refusal !== null) return refusal;
  const absence = await checkConnected(recipients, context.cluster);
  return absence ?? { body, userIds: recipients.userIds };
}

/** Publishes to every recipient's own topic. */
export async function push(
  context: HttpContext,
  caller: Identity,
  { body, userIds }: ReadyPush,
): Promise<readonly Pushed[] | Failure> {
  const pushed: Pushed[] = [];
  for (const userId of userIds) {
    const request = publicationFor(userId, body);
    const outcome = await publish(context, caller, request);
    if (outcome instanceof Failure) return outcome;
    if (outcome === null) continue;
    const where =
      outcome === "local" ? { local: true as const } : { epoch: outcome.epoch, offset: outcome.offset };
    pushed.push({ user_id: userId, topic: request.topic, ...where });
  }
  return pushed;
}

/** Null: the caller may push to all of them, and ask them. */
export function refusePush(
  { access }: Pick<HttpContext, "access">,
  caller: Identity,
  { userIds }: Recipients,
): Failure | null {
  for (const userId of userIds) {
    const refusal = access(caller, "publish", userTopic(userId));
    if (refusal !== null) return refusal;
  }
  return null;
}
