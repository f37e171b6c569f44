import { bounds } from "./bounds.ts";

/** The characters of topic names and user ids, as a source for patterns; all are safe in JSON without escaping. */
export const namePattern = `^[A-Za-z0-9_.:@|~=-]{1,${bounds.topicName}}$`;

const nameExpression = new RegExp(namePattern);

/** Prefix of the topic that belongs to one user: `user:` and the user's id. */
const userTopicPrefix = "user:";

/** Characters of a user id: its own topic must be a topic name too. */
export const userIdMax = bounds.topicName - userTopicPrefix.length;

export const userIdPattern = `^[A-Za-z0-9_.:@|~=-]{1,${userIdMax}}$`;

export function isTopicName(text: string): boolean {
  return nameExpression.test(text);
}

export function isUserId(text: string): boolean {
  return text.length <= userIdMax && nameExpression.test(text);
}

export function userTopic(userId: string): string {
  return userTopicPrefix + userId;
}

/** Whether a topic belongs to a user; of a pattern: whether it speaks of such topics alone. */
export function isUserTopic(topic: string): boolean {
  return topic.startsWith(userTopicPrefix);
}

/** In words, for error messages. */
export const nameRule = `1 to ${bounds.topicName} characters of A-Z a-z 0-9 _ . : @ | ~ = -`;
export const userIdRule = `1 to ${userIdMax} characters of A-Z a-z 0-9 _ . : @ | ~ = -`;
