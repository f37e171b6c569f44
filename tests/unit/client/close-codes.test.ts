import { describe, expect, test } from "bun:test";
import { closeAction, closeCodeOfStatus } from "../../../src/client/close-codes.ts";

describe("what a close code makes the client do", () => {
  test.each([
    [1001, "reconnect"],
    [1006, "reconnect"],
    [1009, "reconnect"],
    [1011, "reconnect"],
    [1012, "reconnect_soon"],
    [1013, "back_off"],
    [4401, "new_token"],
    [4403, "stop"],
    [4408, "reconnect"],
    [4409, "stop"],
    [4429, "back_off"],
    [4999, "back_off"],
    [1002, "back_off"],
  ] as const)("%d: %s", (code, kind) => {
    expect(closeAction(code).kind).toBe(kind);
  });
});

test("a refused event stream means what the close code means", () => {
  expect([401, 403, 409, 429, 503, 500, 404].map(closeCodeOfStatus)).toEqual([
    4401, 4403, 4409, 4429, 1013, 1006, 1006,
  ]);
});
