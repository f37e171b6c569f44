/** A topic's name, or the beginning of names and a `*`; `*` alone is every topic. */
export const topicPattern = /^(?:[A-Za-z0-9_.:@|~=-]{1,255}\*?|\*)$/;

/** Whether a topic fits one of the patterns. Made once, asked often. */
export function topicMatcher(patterns: readonly string[]): (topic: string) => boolean {
  const names = new Set(patterns.filter((pattern) => !pattern.endsWith("*")));
  const prefixes = patterns.filter((pattern) => pattern.endsWith("*")).map((pattern) => pattern.slice(0, -1));
  return (topic) => names.has(topic) || prefixes.some((prefix) => topic.startsWith(prefix));
}
