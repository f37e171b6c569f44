import { expect, test } from "bun:test";
import { createConfig } from "../../../src/config/index.ts";
import { warnOfUnmetRules } from "../../../src/lifecycle/unmet-rules.ts";
import { readRules } from "../../../src/rules/read-rules.ts";
import type { RulesByPattern } from "../../../src/rules/topic-rules.ts";

const rules = readRules({
  topics: {
    free: { allow: { publish: "anyone", history: "nobody" } },
    silent: { presence: false },
    tokens: { allow: { publish: "tokens" } },
    roles: { allow: { subscribe: ["admin"] } },
    keys: { allow: { history: "keys" } },
  },
}) as RulesByPattern;

const secret = "a secret of thirty-two characters, or more";

test.each([
  ["neither", {}, ["tokens", "roles", "keys"]],
  ["tokens alone", { jwtSecret: secret }, ["keys"]],
  ["keys alone, which are among those with a token", { apiKeys: ["a:key-of-sixteen-characters"] }, null],
  ["a file of keys", { apiKeysFile: "keys.json" }, null],
])("with %s", (_, settings, patterns) => {
  const warnings: unknown[] = [];
  warnOfUnmetRules(createConfig(settings), rules, { warning: (fields) => void warnings.push(fields) });
  expect(warnings).toEqual(patterns === null ? [] : [{ patterns }]);
});
