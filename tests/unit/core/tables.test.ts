import { describe, expect, test } from "bun:test";
import { closeCodes } from "../../../src/core/close-codes.ts";
import { errorBody } from "../../../src/core/error-body.ts";
import { errorTable } from "../../../src/core/errors.ts";

describe("the tables that clients rely on", () => {
  test("error codes and their status", () => {
    const statuses = Object.fromEntries(
      Object.entries(errorTable).map(([code, { status }]) => [code, status]),
    );
    expect(statuses).toEqual({
      bad_request: 400,
      unauthorized: 401,
      forbidden: 403,
      not_found: 404,
      conflict: 409,
      too_large: 413,
      invalid: 422,
      rate_limited: 429,
      internal: 500,
      unavailable: 503,
      draining: 503,
    });
  });

  test("close codes, and after which of them a client comes back", () => {
    const table = Object.values(closeCodes).map(({ code, reconnect }) => [code, reconnect]);
    expect(table).toEqual([
      [1012, "soon"],
      [1013, "slowly"],
      [4401, "with_new_token"],
      [4403, "never"],
      [4408, "soon"],
      [4409, "never"],
      [4429, "slowly"],
    ]);
    for (const { reason } of Object.values(closeCodes)) {
      expect(Buffer.byteLength(reason)).toBeGreaterThan(0);
      // What a close frame has room for.
      expect(Buffer.byteLength(reason)).toBeLessThanOrEqual(123);
    }
  });

  test("an error over HTTP", () => {
    expect(JSON.parse(errorBody("not_found", 'say "what"'))).toEqual({
      error: { code: "not_found", message: 'say "what"' },
    });
  });
});
