import { afterAll, describe, expect, test } from "bun:test";
import { bearer, keys, token, useServer } from "../auth/use-server.ts";
import { rulesFolder } from "./rules-folder.ts";

const everything = { subscribe: ["*"], publish: ["*"], presence: ["*"], history: ["*"] };
const schema = { type: "object", required: ["id"], properties: { id: { type: "integer" } } };

const rules = rulesFolder({
  "orders.*": { schema },
  "small.*": { bytes_max: 20 },
  "slow.*": { rate_max: 1 },
  "hidden.*": { presence: false },
  "frozen.*": { allow: { publish: "nobody" } },
  "keys.*": { allow: { publish: "keys", subscribe: "keys", presence: "keys", history: "keys" } },
  "tokens.*": { allow: { publish: "tokens", subscribe: "tokens", presence: "tokens", history: "tokens" } },
  "admins.*": {
    allow: { publish: ["admin"], subscribe: ["admin"], presence: ["admin"], history: ["admin"] },
  },
  notifications: { schema },
  chat: { schema },
  alerts: { allow: { history: "keys" } },
  "user:*": { allow: { publish: "nobody" } },
});

afterAll(() => rules.remove());

async function connect(it: ReturnType<typeof useServer>, query: string, credential?: string) {
  const client = await it.open(query, credential);
  await client.next("welcome");
  return client;
}

describe.each([
  ["in open mode", { jwtSecret: null, apiKeys: [] }],
  ["with tokens and keys", {}],
])("%s", (_, config) => {
  const it = useServer({ rulesFile: rules.file, ...config });
  const isOpen = "apiKeys" in config;
  const credential = async () => (isOpen ? undefined : await token(everything, { sub: "alice" }));

  async function post(path: string, value: unknown): Promise<unknown> {
    const init = {
      method: "POST",
      body: JSON.stringify(value),
      headers: { "content-type": "application/json" },
    };
    return await (await it.request(path, init, isOpen ? undefined : keys.all)).json();
  }

  const refused = (code: string, message: string) => ({ error: { code, message } });

  test("payloads: over WebSocket and REST, stored or not", async () => {
    const socket = await connect(it, "topics=orders.1", await credential());
    const good = { type: "publish", topic: "orders.1", data: { id: 1 } };
    expect(await socket.request(good)).toMatchObject({ type: "ack", offset: 1 });
    expect(await socket.request({ ...good, data: { id: "1" } })).toMatchObject({
      type: "error",
      code: "invalid",
      message: "data.id: must be of type integer",
    });
    expect(await socket.request({ ...good, data: undefined, message: "m", store: false })).toMatchObject({
      code: "invalid",
      message: "data: is needed",
    });
    const missing = "data.id: must be given";
    expect(await post("/publish", { topic: "orders.1", data: {} })).toEqual(refused("invalid", missing));
    expect(await post("/publish", { topics: ["orders.1", "other"], data: {} })).toMatchObject({
      results: [
        { topic: "orders.1", ...refused("invalid", missing) },
        { topic: "other", offset: 1 },
      ],
    });
    expect(await post("/publish/batch", [{ topic: "orders.1", data: {} }])).toMatchObject({
      results: [refused("invalid", missing)],
    });
    expect(await post("/notify", { message: "m" })).toEqual(refused("invalid", "data: is needed"));
    expect(await post("/notify", { message: "m", data: { id: 1 } })).toMatchObject({ status: "success" });
    socket.send("plain text");
    expect(await socket.next("error")).toMatchObject({ code: "invalid", message: "data: is needed" });
    expect(socket.received.filter(({ ts }) => ts !== undefined)).toHaveLength(1);
  });

  test("sizes and rates", async () => {
    const socket = await connect(it, "topics=", await credential());
    const publish = (topic: string, message: string) => socket.request({ type: "publish", topic, message });
    expect(await publish("small.1", "x".repeat(20))).toMatchObject({ type: "ack" });
    expect(await publish("small.1", "x".repeat(21))).toMatchObject({
      code: "too_large",
      message: "small.1 takes publications of at most 20 bytes.",
    });
    // One a second, and at once what comes in two.
    const answers = await Promise.all(Array.from({ length: 5 }, () => publish("slow.1", "m")));
    expect(answers.map(({ type }) => type)).toEqual(["ack", "ack", "error", "error", "error"]);
    expect(answers[4]).toMatchObject({ code: "rate_limited" });
    expect(await publish("slow.2", "m")).toMatchObject({ type: "ack" });
  });

  test("presence that is off", async () => {
    const socket = await connect(it, "topics=hidden.1", await credential());
    expect(await socket.request({ type: "presence", topic: "hidden.1" })).toMatchObject({
      code: "forbidden",
    });
    const answer = await it.request("/topics/hidden.1/presence", {}, isOpen ? undefined : keys.all);
    expect([answer.status, await answer.json()]).toMatchObject([403, { error: { code: "forbidden" } }]);
  });

  test("what nobody may publish, no key may either", async () => {
    for (const topic of ["frozen.1", "user:bob"]) {
      expect(await post("/publish", { topic, message: "m" })).toEqual(
        refused("forbidden", `Nobody may publish to ${topic}.`),
      );
    }
  });
});

describe("who may do what", () => {
  const it = useServer({ rulesFile: rules.file, jwtSecret: null, apiKeys: [] });

  test.each([
    ["keys.1", "Only servers, with an API key,"],
    ["tokens.1", "Only those who have shown a token"],
    ["admins.1", "Only those whose token has the role admin"],
  ])("in open mode nobody is anybody: %s", async (topic, who) => {
    for (const query of ["topics=", "topics=&client=admin"]) {
      const socket = await connect(it, query);
      for (const [command, what] of [
        [{ type: "publish", message: "m" }, "publish to"],
        [{ type: "subscribe" }, "read"],
        [{ type: "history" }, "read the history of"],
        [{ type: "presence" }, "see who reads"],
      ] as const) {
        expect(await socket.request({ ...command, topic })).toMatchObject({
          type: "error",
          code: "forbidden",
          message: `${who} may ${what} ${topic}.`,
        });
      }
    }
    for (const path of [`/topics/${topic}/history`, `/topics/${topic}/presence`]) {
      expect((await it.request(path)).status).toBe(403);
    }
  });
});

describe("rules and grants", () => {
  const it = useServer({ rulesFile: rules.file, anonymousSubscribe: [] });

  test("what a rule allows must be granted too, and the other way round", async () => {
    const may = async (topic: string, fanfare: object) => {
      const socket = await connect(it, "topics=", await token(fanfare, { sub: "alice" }));
      const answer = await socket.request({ type: "subscribe", topic });
      await socket.close();
      return answer.type === "subscribed";
    };
    expect(await may("tokens.1", everything)).toBe(true);
    expect(await may("tokens.1", { ...everything, subscribe: ["other"] })).toBe(false);
    expect(await may("admins.1", everything)).toBe(false);
    expect(await may("admins.1", { ...everything, role: "user" })).toBe(false);
    expect(await may("admins.1", { ...everything, role: "admin" })).toBe(true);
    expect(await may("admins.1", { role: "admin", subscribe: ["other"] })).toBe(false);
    expect(await may("keys.1", { ...everything, role: "admin" })).toBe(false);
    expect(await may("other", everything)).toBe(true);
  });

  test("servers' keys are among all but nobody, within their scopes", async () => {
    const publish = async (topic: string, key: string) => {
      const body = JSON.stringify({ topic, message: "m" });
      const headers = { "content-type": "application/json", ...bearer(key) };
      return (await it.request("/publish", { method: "POST", body, headers })).status;
    };
    for (const topic of ["keys.1", "tokens.1", "admins.1"]) {
      expect([await publish(topic, keys.publish), await publish(topic, keys.subscribe)]).toEqual([200, 403]);
    }
    expect(await publish("frozen.1", keys.all)).toBe(403);
  });

  test("event streams, and histories that have an address of their own", async () => {
    const credential = await token(everything, { sub: "alice" });
    const stream = await it.stream("topic=keys.1&topic=tokens.1", bearer(credential));
    expect(await stream.next("error")).toMatchObject({ data: { code: "forbidden", topic: "keys.1" } });
    expect((await it.request("/alerts/history", {}, credential)).status).toBe(403);
    expect((await it.request("/alerts/history", {}, keys.subscribe)).status).toBe(200);
  });
});
