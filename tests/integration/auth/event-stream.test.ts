import { describe, expect, test } from "bun:test";
import { bearer, keys, token, useServer } from "./use-server.ts";

const it = useServer();

const topicsOf = (data: { topic: string }[]) => data.map(({ topic }) => topic);

test("a token in Authorization or in the query opens a stream, with the user's own topic", async () => {
  const good = await token({ subscribe: ["news"] });
  for (const [query, headers] of [
    ["topic=news", bearer(good)],
    [`topic=news&token=${good}`, {}],
  ] as const) {
    const stream = await it.stream(query, headers);
    expect(topicsOf((await stream.next("subscribed")).data)).toEqual(["news", "user:alice"]);
  }
});

test("a server's key opens one too, by Authorization or X-API-Key", async () => {
  for (const headers of [bearer(keys.subscribe), { "x-api-key": keys.subscribe }]) {
    const stream = await it.stream("topic=user:bob", headers);
    expect(topicsOf((await stream.next("subscribed")).data)).toEqual(["user:bob"]);
  }
});

describe("is refused:", () => {
  test.each<[string, number, string, () => Promise<Record<string, string>>]>([
    ["nothing", 401, "topic=news", async () => ({})],
    ["a bad token", 401, "topic=news", async () => bearer("nonsense")],
    ["a bad token in the query", 401, "topic=news&token=nonsense", async () => ({})],
    ["a bad key", 401, "topic=news", async () => ({ "x-api-key": `${keys.all}x` })],
    ["a key that does not read", 403, "topic=news", async () => bearer(keys.publish)],
    ["another's name", 403, "topic=news&user_id=bob", async () => bearer(await token({ subscribe: ["*"] }))],
    ["a token without a user", 401, "topic=news", async () => bearer(await token({}, { sub: undefined }))],
  ])("%s, with %d", async (_what, status, query, headers) => {
    const stream = await it.stream(query, await headers());
    expect(stream.response.status).toBe(status);
  });

  test("topics none of which may be read, with 403", async () => {
    const { status, body } = await it.ask("/events?topic=a", keys.admin);
    expect(status).toBe(403);
    expect(body.error).toMatchObject({
      code: "forbidden",
      message: expect.stringContaining(" a"),
    });
  });
});

test("topics that may not be read are an error each, the others are read", async () => {
  const stream = await it.stream("topic=a&topic=b&topic=user:bob", bearer(await token({ subscribe: ["a"] })));
  expect(topicsOf((await stream.next("subscribed")).data)).toEqual(["a", "user:alice"]);
  expect((await stream.next("error")).data).toMatchObject({ code: "forbidden", topic: "b" });
  expect((await stream.next("error")).data).toMatchObject({ code: "forbidden", topic: "user:bob" });
  await it.publish("b", "not this");
  await it.publish("a", "this");
  expect((await stream.next("message")).data).toMatchObject({ topic: "a", message: "this" });
});

test("every topic is authorised anew when a stream is resumed", async () => {
  const before = await it.stream("topic=r1&topic=r2", bearer(await token({ subscribe: ["r1", "r2"] })));
  await before.next("subscribed");
  await it.publish("r1", "one");
  await it.publish("r2", "two");
  await before.take("r2", 1);
  const cursor = before.lastEventId;
  await it.publish("r1", "three");
  await it.publish("r2", "four");
  const after = await it.stream("topic=r1&topic=r2", {
    ...bearer(await token({ subscribe: ["r1"] })),
    "last-event-id": cursor,
  });
  expect(topicsOf((await after.next("subscribed")).data)).toEqual(["r1", "user:alice"]);
  expect((await after.take("r1", 1))[0]?.data.message).toBe("three");
  expect(after.events.filter(({ data }) => data.topic === "r2" && "ts" in data)).toEqual([]);
});

test("a stream ends with its token, and says so", async () => {
  const exp = Math.floor(Date.now() / 1000) + 1;
  const stream = await it.stream("topic=a", bearer(await token({ subscribe: ["a"] }, { exp })));
  await stream.next("subscribed");
  expect((await stream.next("error")).data).toMatchObject({ type: "error", code: "unauthorized" });
  expect(await stream.ended).toBe("end");
  expect(Date.now()).toBeGreaterThanOrEqual(exp * 1000);
});

test("a user's own topic takes no place from those that were asked for", async () => {
  const topics = Array.from({ length: 32 }, (_, index) => `t${index}`);
  const query = topics.map((topic) => `topic=${topic}`).join("&");
  const stream = await it.stream(query, bearer(await token({ subscribe: ["*"] })));
  expect(topicsOf((await stream.next("subscribed")).data)).toEqual(topics);
});
