import { Failure } from "../core/failure.ts";
import type { ChatInput } from "../protocol/decode.ts";
import { notAuthorized, publishAs } from "./publishing.ts";
import { notificationsTopic } from "./recent.ts";
import type { Session } from "./session.ts";

/** Text with this prefix is a notification; in open mode whoever sends it. */
const adminPrefix = "admin:";

const prefixRefused = new Failure(
  "forbidden",
  "admin: text is for admins, and who is one is said by the token (claim fanfare.role).",
);

/**
 * The chat rules: text from an admin, or with the admin prefix, is a notification; from a receive-only client
 * it is refused; all else is a chat message.
 */
export function runChat(session: Session, input: ChatInput): void {
  const prefixed = input.message?.startsWith(adminPrefix) === true;
  if (prefixed && session.standing.role !== "admin" && session.standing.identity.kind !== "open") {
    session.fail(input.id, prefixRefused);
    return;
  }
  if (prefixed || session.standing.role === "admin") {
    publishAs(session, input.id, {
      topic: notificationsTopic,
      event: "notification",
      message: prefixed ? input.message?.slice(adminPrefix.length) : input.message,
      data: input.data,
      sender: session.sender,
      store: true,
    });
    return;
  }
  if (session.standing.role === "user") {
    session.fail(input.id, notAuthorized);
    return;
  }
  publishAs(session, input.id, {
    topic: "chat",
    event: "echo",
    message: input.message,
    data: input.data,
    sender: session.sender,
    store: true,
  });
}
