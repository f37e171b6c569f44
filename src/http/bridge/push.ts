import { Failure } from "../../core/failure.ts";
import type { HttpContext } from "../context.ts";
import { publish } from "../publishing.ts";
import { type PushBody, publicationFor, recipientsOf } from "./message.ts";

/** Where a push went: the topic of one recipient, and its position or that it has none. */
export interface Pushed {
  readonly user_id: string;
  readonly topic: string;
  readonly epoch?: string;
  readonly offset?: number;
  readonly local?: true;
}

/** Publishes to every recipient's own topic; a Failure when one of them is away, and then nothing is stored. */
export async function push(context: HttpContext, body: PushBody): Promise<readonly Pushed[] | Failure> {
  const recipients = recipientsOf(body, context.config.publicAccounts, context.users);
  if (recipients instanceof Failure) return recipients;
  const pushed: Pushed[] = [];
  for (const userId of recipients) {
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
