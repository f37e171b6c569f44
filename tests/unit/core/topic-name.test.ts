import { describe, expect, test } from "bun:test";
import {
  isTopicName,
  isUserId,
  nameRule,
  userIdMax,
  userIdRule,
  userTopic,
} from "../../../src/core/topic-name.ts";

const allowed = "ABCXYZabcxyz0189_.:@|~=-";

describe("topic names", () => {
  test("every allowed character, alone and together, up to the bound", () => {
    for (const character of allowed) expect(isTopicName(character)).toBe(true);
    expect(isTopicName(allowed)).toBe(true);
    expect(isTopicName("x".repeat(255))).toBe(true);
  });

  test("nothing else: empty, too long, other characters, line ends", () => {
    expect(isTopicName("")).toBe(false);
    expect(isTopicName("x".repeat(256))).toBe(false);
    for (const character of " ,/\\\"'?#%&*+<>[]{}()!$^`;\n\r\t\0é☃") {
      expect(isTopicName(character)).toBe(false);
      expect(isTopicName(`a${character}`)).toBe(false);
      expect(isTopicName(`${character}a`)).toBe(false);
    }
  });

  test("no allowed character needs escaping in JSON or a query", () => {
    expect(JSON.stringify(allowed)).toBe(`"${allowed}"`);
    expect(new URLSearchParams(`topic=${allowed}`).get("topic")).toBe(allowed);
  });

  test("a user id's own topic is always a topic name", () => {
    expect(userTopic("alice")).toBe("user:alice");
    expect(userIdMax).toBe(250);
    expect(isUserId("x".repeat(250))).toBe(true);
    expect(isTopicName(userTopic("x".repeat(250)))).toBe(true);
    expect(isUserId("x".repeat(251))).toBe(false);
    expect(isUserId("")).toBe(false);
    expect(isUserId("a b")).toBe(false);
  });

  test("the rules in words name the bounds", () => {
    expect(nameRule).toContain("1 to 255 characters");
    expect(userIdRule).toContain("1 to 250 characters");
    for (const character of "_.:@|~=-") expect(nameRule).toContain(` ${character}`);
  });
});
