import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { RunningServer } from "../../../src/lifecycle/server.ts";
import { startTestServer } from "../../support/server.ts";
import { WebSocketClient } from "../../support/websocket-client.ts";
import { BridgeCaller } from "./support/bridge-caller.ts";

let server: RunningServer;
let caller: BridgeCaller;
let alice: WebSocketClient;

beforeAll(async () => {
  server = await startTestServer();
  caller = new BridgeCaller(server.url);
  alice = await WebSocketClient.welcomed(server.url, "user_id=alice&topics=");
});
// Whatever came in: nothing reached the user, and the server serves on.
afterAll(async () => {
  await caller.push({ user_id: "alice", message: "good", type: "good" });
  expect(await alice.next("good")).toMatchObject({ offset: 1 });
  expect(alice.received.map(({ type }) => type)).toEqual(["welcome", "good"]);
  await server.stop();
});

const routes = ["push", "batch", "send"] as const;

const deep = `${"[".repeat(40_000)}${"]".repeat(40_000)}`;

/** Bodies that no route can take. */
const bodies: readonly [what: string, body: string | Uint8Array, status: number, code: string][] = [
  ["no body", "", 422, "invalid"],
  ["blanks", " \n", 400, "bad_request"],
  ["text", "hello", 400, "bad_request"],
  ["broken JSON", '{"user_id":"alice","message":', 400, "bad_request"],
  ["two JSON values", '{"user_id":"alice","message":"x"}{}', 400, "bad_request"],
  ["a number", "42", 422, "invalid"],
  ["null", "null", 422, "invalid"],
  ["a string", '"alice"', 422, "invalid"],
  ["a form", "user_id=alice&message=x", 400, "bad_request"],
  [
    "invalid UTF-8",
    new Uint8Array([...Buffer.from('{"user_id":"alice","message":"'), 0xc3, 0x28, 0x22, 0x7d]),
    400,
    "bad_request",
  ],
  ["UTF-16", new Uint8Array(Buffer.from('{"user_id":"alice","message":"x"}', "utf16le")), 400, "bad_request"],
  ["10 MB", "x".repeat(10_000_000), 413, "too_large"],
  ["10 MB of JSON", JSON.stringify({ user_id: "alice", message: "x".repeat(10_000_000) }), 413, "too_large"],
  ["nesting without end", `{"messages":${deep.slice(0, 39_000)}`, 422, "invalid"],
];

describe("a body that cannot be taken", () => {
  for (const route of routes) {
    for (const [what, body, status, code] of bodies) {
      test(`${what} to ${route} is ${status}`, async () => {
        const answer = await caller.answer(route, body);
        expect(answer).toEqual({ status, body: { error: { code, message: expect.any(String) } } });
      });
    }

    test(`another content type to ${route} is 415`, async () => {
      const response = await fetch(server.url + caller.paths[route], {
        method: "POST",
        headers: { "content-type": "text/xml" },
        body: "<x/>",
      });
      expect(response.status).toBe(415);
    });

    test(`GET of ${route} is 405, and says what it takes`, async () => {
      const response = await fetch(server.url + caller.paths[route]);
      expect([response.status, response.headers.get("allow")]).toEqual([405, "POST, OPTIONS"]);
      await response.body?.cancel();
    });
  }

  test("an object to batch without a list of messages is 422", async () => {
    for (const body of [
      {},
      { messages: {} },
      { messages: "x" },
      { messages: null },
      { user_id: "alice", message: "x" },
    ]) {
      expect(await caller.batch(body)).toMatchObject({ status: 422, body: { error: { code: "invalid" } } });
    }
  });

  test("a list to push or send is 422", async () => {
    for (const route of ["push", "send"] as const) {
      expect((await caller.answer(route, [{ user_id: "alice", message: "x" }])).status).toBe(422);
    }
  });
});

const longestName = "a".repeat(250);

/** Messages that are wrong in one field, with the field that the error must name. */
const fields: readonly [field: string, message: object, status?: number][] = [
  ["user_id", { message: "x" }],
  ...[
    7,
    null,
    true,
    {},
    ["alice"],
    "",
    " alice",
    "alice bob",
    "alice\n",
    "../alice",
    "alice/bob",
    "élise",
    "a,b",
    "*",
    "\u0000",
  ].map((user_id): [string, object] => ["user_id", { user_id, message: "x" }]),
  ["user_id", { user_id: `${longestName}a`, message: "x" }],
  ["user_id", { user_id: "a".repeat(100_000), message: "x" }],
  ["message or data", { user_id: "alice" }],
  ["message", { user_id: "alice", message: 1 }],
  ["message", { user_id: "alice", message: null, data: 1 }],
  ["message", { user_id: "alice", message: ["x"] }],
  ["type", { user_id: "alice", message: "x", type: 1 }],
  ["type", { user_id: "alice", message: "x", type: "" }],
  ["type", { user_id: "alice", message: "x", type: "two words" }],
  ["type", { user_id: "alice", message: "x", type: "x".repeat(65) }],
  ...["welcome", "request", "response", "error", "subscribed"].map((type): [string, object] => [
    "type",
    { user_id: "alice", message: "x", type },
  ]),
  ["data", { user_id: "alice", data: JSON.parse(`${"[".repeat(130)}${"]".repeat(130)}`) }],
  ["bytes", { user_id: "alice", message: "x".repeat(65_536) }, 413],
  ["bytes", { user_id: "alice", data: "é".repeat(40_000) }, 413],
];

const summary = (message: object) => JSON.stringify(message).slice(0, 60);

describe("a message with a field that is wrong", () => {
  for (const [field, message, status = 422] of fields) {
    test(`${summary(message)} is ${status}, and the error names ${field}`, async () => {
      const code = status === 413 ? "too_large" : "invalid";
      const error = { code, message: expect.stringContaining(field) };
      for (const route of ["push", "send"] as const) {
        expect(await caller.answer(route, message)).toEqual({ status, body: { error } });
      }
      expect((await caller.batch([message])).body.results).toMatchObject([{ status: "error", error }]);
    });
  }

  const ofSend: readonly [field: string, value: object][] = [
    ["correlation_id", { correlation_id: "" }],
    ["correlation_id", { correlation_id: "x".repeat(129) }],
    ["correlation_id", { correlation_id: 7 }],
    ["correlation_id", { correlation_id: null }],
    ["timeout_ms", { timeout_ms: "1000" }],
    ["timeout_ms", { timeout_ms: {} }],
  ];
  for (const [field, value] of ofSend) {
    test(`send with ${summary(value)} is 422, and the error names it`, async () => {
      const answer = await caller.answer("send", { user_id: "alice", message: "x", ...value });
      expect(answer).toMatchObject({ status: 422, body: { error: { code: "invalid" } } });
      expect(answer.body.error.message).toStartWith(field);
    });
  }
});

describe("users who are not there", () => {
  for (const user_id of [
    "__proto__",
    "constructor",
    "toString",
    "user:alice",
    "alice:",
    "ALICE",
    "@alice",
    longestName,
  ]) {
    test(`${user_id.slice(0, 20)} is 404 on every route`, async () => {
      for (const route of ["push", "send"] as const) {
        expect((await caller.answer(route, { user_id, message: "x" })).status).toBe(404);
      }
      expect((await caller.batch([{ user_id, message: "x" }])).body.results).toMatchObject([
        { user_id, status: "error", error: { code: "not_found" } },
      ]);
    });
  }

  test("but each such name is a user like any other once connected", async () => {
    for (const userId of ["__proto__", "constructor", "user:alice", longestName, "a=b|c~d"]) {
      const client = await WebSocketClient.welcomed(
        server.url,
        `user_id=${encodeURIComponent(userId)}&topics=`,
      );
      expect((await caller.push({ user_id: userId, message: "hi" })).status).toBe(200);
      expect(await client.next("message")).toMatchObject({ topic: `user:${userId}` });
      await client.close();
    }
  });
});

test("JSON that is nested without end is refused, not followed", async () => {
  const message = `{"user_id":"alice","data":${deep}}`;
  for (const route of ["push", "send"] as const) {
    expect((await caller.answer(route, message)).body.error.code).toBe("invalid");
  }
  for (const body of [`[${message}]`, `{"messages":[${message}]}`, deep]) {
    const { status, body: answer } = await caller.answer("batch", body);
    expect([status, answer.error.code]).toEqual([422, "invalid"]);
  }
});

test("names of prototypes in a message change nothing", async () => {
  const body =
    '{"user_id":"nobody","message":"x","__proto__":{"user_id":"alice"},"constructor":{"prototype":{"a":1}}}';
  expect((await caller.answer("push", body)).status).toBe(404);
  expect(({} as Record<string, unknown>).a).toBeUndefined();
});

describe("a response that is wrong", () => {
  const responses: readonly [object, string][] = [
    [{ data: 1 }, "invalid"],
    [{ correlation_id: 7 }, "invalid"],
    [{ correlation_id: "" }, "invalid"],
    [{ correlation_id: "x".repeat(129) }, "invalid"],
    [{ correlation_id: "c", final: "yes" }, "invalid"],
    [{ correlation_id: "c", data: JSON.parse(`${"[".repeat(130)}${"]".repeat(130)}`) }, "invalid"],
    [{ correlation_id: "nobody asked" }, "not_found"],
  ];
  for (const [fields, code] of responses) {
    test(`${summary(fields)} is ${code}`, async () => {
      const client = await WebSocketClient.welcomed(server.url, "user_id=bob&topics=");
      expect(await client.request({ type: "response", ...fields })).toMatchObject({ type: "error", code });
      await client.close();
    });
  }
});
