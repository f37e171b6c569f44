import type { Config } from "../config/index.ts";
import { Failure } from "../core/failure.ts";
import type { TopicPolicy } from "../hub/ports.ts";
import { PublishGate } from "../rules/publish-gate.ts";
import { type RulesByPattern, TopicRules } from "../rules/topic-rules.ts";
import { systemClock } from "./system-ports.ts";

/** The rules of a file, on top of what the settings say of all topics. */
export function createTopicRules(config: Config, byPattern: RulesByPattern): TopicRules {
  const { historySize, historyAgeMs, topicPublishRatePerSecond, presenceEvents } = config;
  return new TopicRules(
    {
      historySize,
      historyAgeMs,
      rateMax: topicPublishRatePerSecond === 0 ? null : topicPublishRatePerSecond,
      joinLeavePatterns: presenceEvents,
    },
    byPattern,
  );
}

const overloaded = new Failure(
  "unavailable",
  "This server has more to do than it can, and published nothing: try again later.",
);

/** The rules as the hub asks for them, while `refusesPublications` does not say that there is no time for any. */
export function createTopicPolicy(
  config: Config,
  rules: TopicRules,
  refusesPublications: () => boolean,
): TopicPolicy {
  const gate = new PublishGate(rules, config.rateBurstMs, systemClock);
  return {
    check: (request) => (refusesPublications() ? overloaded : gate.check(request)),
    flushMsOf: (topic) => rules.of(topic).flushMs,
    countsReaders: (topic) => rules.of(topic).presence,
  };
}
