import { expect, test } from "bun:test";
import { topicMatcher, topicPattern } from "../../../src/core/topic-pattern.ts";

test.each([
  [[], "news", false],
  [["news"], "news", true],
  [["news"], "news.sport", false],
  [["news.*"], "news.sport", true],
  [["news.*"], "news", false],
  [["news.*"], "old.news.sport", false],
  [["*"], "anything", true],
  [["lobby", "room:*"], "room:7", true],
  [["lobby", "room:*"], "lobby2", false],
])("%j fits %s: %p", (patterns, topic, fits) => {
  expect(topicMatcher(patterns)(topic)).toBe(fits);
});

test.each([
  ["news", true],
  ["news.*", true],
  ["*", true],
  ["", false],
  ["**", false],
  ["a*b", false],
  ["a b", false],
])("%s is a pattern: %p", (pattern, valid) => {
  expect(topicPattern.test(pattern)).toBe(valid);
});
