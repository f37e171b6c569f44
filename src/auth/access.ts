import { Failure } from "../core/failure.ts";
import { isUserTopic } from "../core/topic-name.ts";
import type { Action } from "./grants.ts";
import type { Identity } from "./identity.ts";

/** Whether somebody may do something to a topic. Null: they may. Asked before anything is done. */
export type Access = (identity: Identity, action: Action, topic: string) => Failure | null;

const words: Readonly<Record<Action, string>> = {
  subscribe: "read",
  publish: "publish to",
  presence: "see who reads",
  history: "read the history of",
};

const scopeOf: Readonly<Record<Action, string>> = {
  subscribe: "subscribe",
  publish: "publish",
  presence: "subscribe",
  history: "subscribe",
};

/** By what the token or the key grants alone. */
export const accessByGrants: Access = (identity, action, topic) => {
  return identity.grants.may(action, topic)
    ? null
    : new Failure("forbidden", refusalText(identity, action, topic));
};

/** Null: this is an administrator. */
export function refuseAdministration({ kind, grants }: Identity): Failure | null {
  if (grants.mayAdminister) return null;
  return new Failure(
    "forbidden",
    kind === "key"
      ? "The API key is not for this: it needs the scope admin."
      : "This needs an API key of the scope admin.",
  );
}

function refusalText({ kind }: Identity, action: Action, topic: string): string {
  const what = `${words[action]} ${topic}`;
  if (kind === "key")
    return `The API key is not for this: to ${what} it needs the scope ${scopeOf[action]}, and the topic.`;
  if (kind === "anonymous") return `Without a token you may not ${what}.`;
  if (action === "publish" && isUserTopic(topic))
    return "Only servers publish to users' own topics, with an API key.";
  return `You may not ${what}: the token's claim fanfare.${action} does not grant it.`;
}
