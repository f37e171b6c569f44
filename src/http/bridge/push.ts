import { Failure } from "../../core/failure.ts";
import type { HttpContext } from "../context.ts";
import { publish } from "../publishing.ts";
import { checkConnected, type PushBody, publicationFor, recipientsOf } from "./message.ts";

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

/** A Failure when one of the recipients is away. */
export async function preparePush(context: HttpContext, body: PushBody): Promise<ReadyPush | Failure> {
  const recipients = recipientsOf(body, context.config.publicAccounts);
  const absence = await checkConnected(recipients, context.cluster);
  return absence ?? { body, userIds: recipients.userIds };
}

/** Publishes to every recipient's own topic. */
export async function push(
  context: HttpContext,
  { body, userIds }: ReadyPush,
): Promise<readonly Pushed[] | Failure> {
  const pushed: Pushed[] = [];
  for (const userId of userIds) {
    const request = publicationFor(userId, body);
    const outcome = await publish(context, request);
    if (outcome instanceof Failure) return outcome;
    if (outcome === null) continue;
    const where =
      outcome === "local" ? { local: true as const } : { epoch: outcome.epoch, offset: outcome.offset };
    pushed.push({ user_id: userId, topic: request.topic, ...where });
  }
  return pushed;
}
