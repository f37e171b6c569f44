import { Failure } from "../core/failure.ts";
import { allows, type Caller, type Right, type Who } from "./rule.ts";
import type { TopicRules } from "./topic-rules.ts";

/** Whether somebody may do something to a topic. Null: they may. */
type Access<Somebody> = (somebody: Somebody, right: Right, topic: string) => Failure | null;

const words: Readonly<Record<Right, string>> = {
  subscribe: "read",
  publish: "publish to",
  presence: "see who reads",
  history: "read the history of",
};

/** Access by the rules of topics, for those who have it by what they were granted. */
export function accessByRules<Somebody extends Caller>(
  rules: TopicRules,
  byGrants: Access<Somebody>,
): Access<Somebody> {
  return (somebody, right, topic) => {
    const who = rules.of(topic).allow[right];
    if (!allows(who, somebody))
      return new Failure("forbidden", `${nameOf(who)} may ${words[right]} ${topic}.`);
    return byGrants(somebody, right, topic);
  };
}

function nameOf(who: Who): string {
  if (who === "nobody") return "Nobody";
  if (who === "keys") return "Only servers, with an API key,";
  if (who === "tokens") return "Only those who have shown a token";
  return `Only those whose token has the role ${[...who].join(" or ")}`;
}
