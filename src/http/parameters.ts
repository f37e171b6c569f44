import { t } from "elysia";
import { bounds } from "../core/bounds.ts";
import { namePattern, nameRule, userIdPattern, userIdRule } from "../core/topic-name.ts";

/**
 * Parameters of paths and queries, in Elysia's own schemas: they arrive as text and are converted. `error` is
 * what a caller is told, whatever is wrong.
 */

export const TopicParameter = t.Object({
  topic: t.String({
    pattern: namePattern,
    description: "A topic's name.",
    error: `topic: must be ${nameRule}`,
  }),
});

export const UserParameter = t.Object({
  id: t.String({ pattern: userIdPattern, description: "A user's id.", error: `id: must be ${userIdRule}` }),
});

/** A whole number from 0 to what is kept; more than `maximum` is answered with `maximum`. */
export function limitParameter(description: string) {
  return t.Optional(
    t.Integer({
      minimum: 0,
      maximum: Number.MAX_SAFE_INTEGER,
      description,
      error: "limit: must be a whole number from 0 on",
    }),
  );
}

export const prefixParameter = t.Optional(
  t.String({
    maxLength: bounds.topicName,
    description: "Only topics whose name begins with it.",
    error: `prefix: must be at most ${bounds.topicName} characters`,
  }),
);

export const reverseParameter = t.Optional(
  t.Boolean({ description: "Newest first.", error: "reverse: must be true or false" }),
);
