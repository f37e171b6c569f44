import { expect, test } from "bun:test";
import { FanfareError } from "../../../src/client/index.ts";
import { errorCodes } from "../../../src/core/errors.ts";
import { failure, failureOf } from "../../../src/web/page/errors.ts";

test("every code of the server has a remedy of its own", () => {
  const fallback = failure("no such code", "").remedy;
  for (const code of errorCodes) expect(failure(code, "x").remedy).not.toBe(fallback);
});

test("a thrown error keeps the server's code and words", () => {
  expect(failureOf(new FanfareError("forbidden", "You are not authorized"))).toMatchObject({
    code: "forbidden",
    message: "You are not authorized",
  });
  expect(failureOf("just text")).toMatchObject({ code: "unknown", message: "just text" });
});
