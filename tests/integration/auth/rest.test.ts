import { describe, expect, test } from "bun:test";
import { bearer, keys, token, useServer } from "./use-server.ts";

const it = useServer();

const json = { "content-type": "application/json" };
const body = (value: unknown) => ({ method: "POST", headers: json, body: JSON.stringify(value) });
const publication = { topic: "t", message: "m" };

/** Every route that asks who calls, with what makes it do something. */
const routes: readonly (readonly [
  path: string,
  init: RequestInit,
  needs: "publish" | "subscribe" | "admin",
])[] = [
  ["/publish", body(publication), "publish"],
  ["/publish/batch", body([publication]), "publish"],
  ["/notify?message=m", { method: "POST" }, "publish"],
  ["/alerts", body({ message: "m" }), "publish"],
  ["/sse/push", body({ user_id: "nobody", message: "m" }), "publish"],
  ["/sse/push/batch", body([{ user_id: "nobody", message: "m" }]), "publish"],
  ["/sse/send", body({ user_id: "nobody", message: "m" }), "publish"],
  ["/topics", {}, "subscribe"],
  ["/topics/t", {}, "subscribe"],
  ["/topics/t/history", {}, "subscribe"],
  ["/topics/t/presence", {}, "subscribe"],
  ["/alerts/history", {}, "subscribe"],
  ["/messages", {}, "subscribe"],
  ["/events?topic=t", {}, "subscribe"],
  ["/topics/t/history", { method: "DELETE" }, "admin"],
  ["/users/nobody/disconnect", { method: "POST" }, "admin"],
  ["/users/nobody/subscribe", body({ topic: "t" }), "admin"],
  ["/users/nobody/unsubscribe", body({ topic: "t" }), "admin"],
  ["/revocations", body({ user_id: "nobody" }), "admin"],
  ["/status", {}, "admin"],
  ["/nodes", {}, "admin"],
  ["/metrics", {}, "admin"],
  ["/metrics/prometheus", {}, "admin"],
];

/** The status of an answer that may have no end. */
async function statusOf(path: string, init: RequestInit, headers: Record<string, string>): Promise<number> {
  const abort = new AbortController();
  const all = { ...init, headers: { ...init.headers, ...headers }, signal: abort.signal };
  const { status } = await fetch(it.url + path, all);
  abort.abort();
  return status;
}

/** What nobody is asked for. */
const open = ["/", "/health", "/ready", "/docs", "/docs/json", "/asyncapi.json", "/favicon.ico"];

test("every route of the documentation is in one of these lists", async () => {
  const { paths } = (await (await fetch(`${it.url}/docs/json`)).json()) as { paths: Record<string, object> };
  const documented = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
  const listed = routes.map(([path, { method = "GET" }]) => {
    const template = path
      .split("?")[0]!
      .replace(/^\/users\/[^/]+/, "/users/{id}")
      .replace(/^\/topics\/[^/]+/, "/topics/{topic}");
    return `${method} ${template}`;
  });
  const known = [...listed, ...open.map((path) => `GET ${path}`)];
  expect(documented.filter((route) => !known.includes(route))).toEqual([]);
});

describe.each([...routes])("%s %j", (path, init, needs) => {
  test("without a credential, or with a bad one, is answered 401", async () => {
    for (const headers of [
      {},
      bearer("nonsense"),
      { "x-api-key": "nonsense" },
      { authorization: "Basic eDp5" },
    ]) {
      expect(await statusOf(path, init, headers)).toBe(401);
    }
  });

  test(`needs a key of the scope ${needs}`, async () => {
    for (const scope of ["publish", "subscribe", "admin"] as const) {
      const status = await statusOf(path, init, bearer(keys[scope]));
      const isBatch = path.endsWith("/push/batch");
      // A batch answers for each of its messages; a list shows no topic that may not be read.
      const refused = isBatch || path === "/topics" ? 200 : 403;
      if (scope === needs) expect([200, 201, 404]).toContain(status);
      else expect([scope, status]).toEqual([scope, refused]);
    }
    expect([200, 201, 404]).toContain(await statusOf(path, init, { "x-api-key": keys.all }));
  });

  test("with a token that grants nothing is refused", async () => {
    const status = await statusOf(path, init, bearer(await token()));
    const shows = ["/topics", "/sse/push/batch"].includes(path);
    expect(status).toBe(shows ? 200 : 403);
  });
});

test.each(open)("%s asks for nothing, and a bad credential does no harm", async (path) => {
  for (const headers of [{}, bearer("nonsense")]) expect(await statusOf(path, {}, headers)).toBe(200);
});

test("a route that there is not tells a stranger nothing", async () => {
  expect((await it.ask("/nowhere")).status).toBe(401);
  expect((await it.ask("/nowhere", keys.admin)).status).toBe(404);
  expect((await it.ask("/health/../status")).status).toBe(401);
  expect((await it.ask("/docs/../status")).status).toBe(401);
});

test("401 says how to come back", async () => {
  const missing = await it.ask("/status");
  expect(missing.headers.get("www-authenticate")).toBe('Bearer realm="fanfare"');
  expect(missing.body.error).toMatchObject({
    code: "unauthorized",
    message: expect.stringContaining("X-API-Key"),
  });
  const expired = await it.ask("/status", await token({}, { exp: 1_700_000_000 }));
  expect(expired.headers.get("www-authenticate")).toContain('error="invalid_token"');
  expect(expired.body.error.message).toContain("expired at");
});

test("nothing of a stranger's body is read", async () => {
  const response = await fetch(`${it.url}/publish`, {
    method: "POST",
    headers: json,
    body: "x".repeat(1_000_000),
  });
  expect(response.status).toBe(401);
});

describe("a token", () => {
  test("publishes where it is granted, from its subject", async () => {
    const credential = await token({ publish: ["p", "notifications", "alerts"], history: ["p", "alerts"] });
    await it.post("/publish", { topic: "p", message: "m", sender: "root" }, credential);
    await it.post("/notify", { message: "m" }, credential);
    expect((await it.post("/alerts", { message: "m" }, credential)).body).toMatchObject({ sender: "alice" });
    const history = await it.ask("/topics/p/history", credential);
    expect(history.body.publications).toEqual([expect.objectContaining({ sender: "alice" })]);
    expect((await it.ask("/alerts/history", credential)).body.alerts.at(-1)).toMatchObject({
      sender: "alice",
    });
  });

  test("of a list publishes what it may, and each is answered", async () => {
    const credential = await token({ publish: ["mine"] });
    const some = await it.post("/publish", { topics: ["mine", "yours"], message: "m" }, credential);
    expect(some.status).toBe(200);
    expect(some.body.results).toMatchObject([{ topic: "mine", offset: 1 }, { error: { code: "forbidden" } }]);
    expect((await it.post("/publish/batch", [{ topic: "yours", message: "m" }], credential)).status).toBe(
      403,
    );
  });

  test("never publishes to a user's topic", async () => {
    const credential = await token({ publish: ["*", "user:*"] });
    expect((await it.post("/publish", { topic: "user:alice", message: "m" }, credential)).status).toBe(403);
    expect((await it.post("/sse/push", { user_id: "alice", message: "m" }, credential)).status).toBe(403);
    expect(
      (await it.post("/sse/push/batch", [{ user_id: "a", message: "m" }], credential)).body.results,
    ).toEqual([expect.objectContaining({ error: expect.objectContaining({ code: "forbidden" }) })]);
  });

  test("sees of the topics those that it may read", async () => {
    await it.publish("seen.1", "m");
    await it.publish("hidden.1", "m");
    const { body } = await it.ask("/topics", await token({ subscribe: ["seen.*"] }));
    expect(body.topics.map(({ topic }: { topic: string }) => topic).sort()).toEqual(["seen.1"]);
    expect((await it.ask("/topics/hidden.1", await token({ subscribe: ["seen.*"] }))).status).toBe(403);
  });

  test("that reads does not see the history, nor who reads", async () => {
    const credential = await token({ subscribe: ["*"] });
    expect((await it.ask("/topics/t/history", credential)).status).toBe(403);
    expect((await it.ask("/topics/t/presence", credential)).status).toBe(403);
    expect((await it.ask("/topics/t/history", await token({ history: ["t"] }))).status).toBe(200);
    expect((await it.ask("/topics/t/presence", await token({ presence: ["t"] }))).status).toBe(200);
  });

  test("in a query counts for event streams alone", async () => {
    expect((await it.ask(`/topics/t/history?token=${await token({ history: ["t"] })}`)).status).toBe(401);
  });
});

describe("a key", () => {
  test("says who a publication is from", async () => {
    await it.post("/publish", { topic: "s", message: "m", sender: "backend" }, keys.publish);
    const { body } = await it.ask("/topics/s/history", keys.subscribe);
    expect(body.publications).toEqual([expect.objectContaining({ sender: "backend" })]);
  });

  test("has idempotency keys of its own, apart from other keys' and users'", async () => {
    const one = { topic: "i", message: "m", key: "1" };
    const offsets = [];
    for (const credential of [keys.all, keys.publish, await token({ publish: ["i"] }), keys.all]) {
      offsets.push((await it.post("/publish", one, credential)).body.offset);
    }
    expect(offsets).toEqual([1, 2, 3, 1]);
  });
});

test("a page of another origin may not, whatever it brings", async () => {
  const init = { ...body(publication), headers: { ...json, origin: "https://elsewhere.example" } };
  expect((await it.ask("/publish", keys.all, init)).status).toBe(403);
});
