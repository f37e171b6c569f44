import { expect, test } from "bun:test";
import { OpenFiles } from "../../../src/lifecycle/open-files.ts";

test("a process far from its limit is not exhausted, one at it is", () => {
  expect(new OpenFiles(20_000, () => 100).isExhausted).toBe(false);
  // This process has more than two files open already.
  expect(new OpenFiles(2, () => 100).isExhausted).toBe(true);
  expect(new OpenFiles(null, () => null).isExhausted).toBe(false);
});

test("one low number that is free is no recovery: what counts is how many are open", () => {
  expect(new OpenFiles(1000, () => 900).hasRecovered).toBe(false);
  expect(new OpenFiles(1000, () => 872).hasRecovered).toBe(false);
  expect(new OpenFiles(1000, () => 871).hasRecovered).toBe(true);
});

test("where the system does not tell how many are open, a free number has to do", () => {
  expect(new OpenFiles(20_000, () => null).hasRecovered).toBe(true);
});
