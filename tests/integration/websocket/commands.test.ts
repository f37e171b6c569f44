import { describe, expect, test } from "bun:test";
import type { Frame } from "../../support/websocket-client.ts";
import { freshTopic, takePublications, texts, useServer } from "./use-server.ts";

const server = useServer();

describe("subscribe", () => {
  test("is answered with where the topic stands, and live ones follow", async () => {
    const topic = freshTopic();
    await server.publish(topic, texts(3));
    const client = await server.connect();
    const answer = await client.request({ type: "subscribe", id: 1, topic });
    expect(answer).toEqual({ type: "subscribed", id: 1, topic, epoch: answer.epoch, offset: 3 });
    await server.publish(topic, ["live"]);
    const [live] = await takePublications(client, topic, 1);
    expect(live).toEqual({
      type: "message",
      topic,
      offset: 4,
      ts: live!.ts,
      sender: live!.sender,
      message: "live",
    });
    expect(Math.abs(live!.ts - Date.now())).toBeLessThan(5000);
  });

  test("to many: one answer each, with the same id", async () => {
    const topics = [freshTopic(), freshTopic(), freshTopic()];
    const client = await server.connect();
    client.send({ type: "subscribe", id: "many", topics });
    const answers = [];
    for (const _ of topics) answers.push(await client.next("subscribed"));
    expect(answers.map(({ id, topic }) => [id, topic])).toEqual(topics.map((topic) => ["many", topic]));
  });

  test("without an id it is answered all the same", async () => {
    const topic = freshTopic();
    const client = await server.connect();
    client.send({ type: "subscribe", topic });
    expect(await client.next("subscribed")).toMatchObject({ topic, offset: 0 });
  });
});

describe("unsubscribe", () => {
  test("ends the stream behind what was published before", async () => {
    const topic = freshTopic();
    const client = await server.connect(`topics=${topic}`);
    const other = await server.connect(`topics=${topic}`);
    await server.publish(topic, ["before"]);
    expect(await client.request({ type: "unsubscribe", id: 2, topic })).toEqual({
      type: "unsubscribed",
      id: 2,
      topic,
    });
    await server.publish(topic, ["after"]);
    await takePublications(other, topic, 2);
    await client.request({ type: "ping" });
    const messages = client.received.filter((frame) => frame.topic === topic && "ts" in frame);
    expect(messages.map(({ message }) => message)).toEqual(["before"]);
  });

  test("from a topic that it does not read is answered too", async () => {
    const client = await server.connect();
    expect(await client.request({ type: "unsubscribe", id: 1, topic: "never" })).toMatchObject({
      type: "unsubscribed",
    });
  });
});

describe("publish", () => {
  test("is acknowledged with its position, and delivered with all that was given", async () => {
    const topic = freshTopic();
    const reader = await server.connect(`topics=${topic}`);
    const client = await server.connect("topics=&user_id=alice");
    const content = {
      message: "hi",
      data: { n: [1, null, "ü\u2028"] },
      key: "k1",
      correlation_id: "c1",
      tags: { colour: "red" },
    };
    const ack = await client.request({ type: "publish", id: 3, topic, event: "alert", ...content });
    expect(ack).toEqual({ type: "ack", id: 3, topic, epoch: reader.welcome.topics[0].epoch, offset: 1 });
    const [publication] = await takePublications(reader, topic, 1);
    expect(publication).toEqual({
      type: "alert",
      topic,
      offset: 1,
      ts: publication!.ts,
      sender: "alice",
      ...content,
    });
  });

  test("its own publication and its ack both come, whichever first", async () => {
    const topic = freshTopic();
    const client = await server.connect(`topics=${topic}`);
    const [ack, [own]] = await Promise.all([
      client.request({ type: "publish", topic, message: "mine" }),
      takePublications(client, topic, 1),
    ]);
    expect(own).toMatchObject({ offset: ack.offset, message: "mine" });
  });

  test("without an id there is no ack", async () => {
    const topic = freshTopic();
    const client = await server.connect(`topics=${topic}`);
    client.send({ type: "publish", topic, message: "m" });
    await takePublications(client, topic, 1);
    await client.request({ type: "ping" });
    expect(client.received.some(({ type }) => type === "ack")).toBe(false);
  });

  test("a repeated key is answered with the first position and delivered once", async () => {
    const topic = freshTopic();
    const client = await server.connect(`topics=${topic}`);
    const first = await client.request({ type: "publish", topic, message: "once", key: "k" });
    const again = await client.request({ type: "publish", topic, message: "twice", key: "k" });
    const next = await client.request({ type: "publish", topic, message: "next" });
    expect([again.epoch, again.offset, next.offset]).toEqual([first.epoch, 1, 2]);
    const publications = await takePublications(client, topic, 2);
    expect(publications.map(({ message }) => message)).toEqual(["once", "next"]);
  });

  test("store: false has no position, is delivered, and is not in the history", async () => {
    const topic = freshTopic();
    const client = await server.connect(`topics=${topic}`);
    const ack = await client.request({
      type: "publish",
      id: 1,
      topic,
      event: "typing",
      data: null,
      store: false,
    });
    expect(ack).toEqual({ type: "ack", id: 1, topic });
    const [publication] = await takePublications(client, topic, 1);
    expect(publication).toEqual({
      type: "typing",
      topic,
      ts: publication!.ts,
      sender: publication!.sender,
      data: null,
    });
    const history = await client.request({ type: "history", topic });
    expect([history.offset, history.publications]).toEqual([0, []]);
  });
});

describe("history", () => {
  test("the newest, ascending; the first after a position; pages to the end", async () => {
    const topic = freshTopic();
    const [{ epoch }] = (await server.publish(topic, texts(10))) as [{ epoch: string }];
    const client = await server.connect();
    const newest = await client.request({ type: "history", id: 4, topic, limit: 3 });
    expect<Frame>({
      ...newest,
      publications: newest.publications.map(({ offset }: { offset: number }) => offset),
    }).toEqual({
      type: "history",
      id: 4,
      topic,
      epoch,
      offset: 10,
      publications: [8, 9, 10],
    });
    const pages: string[][] = [];
    for (let offset = 0; offset < 10; ) {
      const page = await client.request({ type: "history", topic, limit: 4, since: { epoch, offset } });
      pages.push(page.publications.map(({ message }: { message: string }) => message));
      offset = page.publications.at(-1).offset;
    }
    expect(pages).toEqual([texts(4), texts(4, 5), texts(2, 9)]);
    const end = await client.request({ type: "history", topic, since: { epoch, offset: 10 } });
    expect(end.publications).toEqual([]);
  });

  test("is what was delivered, to the letter", async () => {
    const topic = freshTopic();
    const client = await server.connect(`topics=${topic}`);
    await server.publish(topic, texts(3), { data: { a: 1 }, event: "e", tags: { t: "v" } });
    const live = await takePublications(client, topic, 3);
    const { publications } = await client.request({ type: "history", topic });
    expect(publications).toEqual(live);
  });

  test("100 without a limit, 1000 at most, 0 for the position alone", async () => {
    const topic = freshTopic();
    await server.publish(topic, texts(150));
    const client = await server.connect();
    const count = async (limit?: number) => {
      const answer = await client.request({
        type: "history",
        topic,
        ...(limit === undefined ? {} : { limit }),
      });
      return answer.publications.length;
    };
    expect([await count(), await count(5000), await count(0)]).toEqual([100, 150, 0]);
  });
});

describe("presence", () => {
  test("users once each with their connections; nameless ones counted alone", async () => {
    const topic = freshTopic();
    const query = (user: string) => `topics=${topic}${user === "" ? "" : `&user_id=${user}`}`;
    const clients = [];
    for (const user of ["alice", "alice", "bob", ""]) clients.push(await server.connect(query(user)));
    const asking = await server.connect();
    const answer = await asking.request({ type: "presence", id: 5, topic });
    answer.members.sort((a: { user_id: string }, b: { user_id: string }) =>
      a.user_id.localeCompare(b.user_id),
    );
    expect(answer).toEqual({
      type: "presence",
      id: 5,
      topic,
      members: [
        { user_id: "alice", connections: 2 },
        { user_id: "bob", connections: 1 },
      ],
      connections: 4,
    });
    await clients[2]!.close();
    await clients[3]!.request({ type: "unsubscribe", topic });
    const later = await asking.request({ type: "presence", topic });
    expect(later).toMatchObject({ members: [{ user_id: "alice", connections: 2 }], connections: 2 });
  });

  test("of a topic that nobody reads: nobody", async () => {
    const client = await server.connect();
    expect(await client.request({ type: "presence", topic: freshTopic() })).toMatchObject({
      members: [],
      connections: 0,
    });
  });
});

describe("the rest of the table", () => {
  test("ping is answered with the time", async () => {
    const client = await server.connect();
    client.send({ type: "ping" });
    const pong = await client.next("pong");
    expect(Object.keys(pong).sort()).toEqual(["ts", "type"]);
    expect(Math.abs(pong.ts - Date.now())).toBeLessThan(5000);
    expect(await client.request({ type: "ping", id: "p" })).toMatchObject({ type: "pong", id: "p" });
  });

  test("status_request is answered with what GET /status says", async () => {
    const client = await server.connect();
    const status = await client.request({ type: "status_request", id: 1 });
    const rest = (await (await fetch(`${server.url}/status`)).json()) as Record<string, unknown>;
    expect(
      Object.keys(status)
        .filter((name) => name !== "type" && name !== "id")
        .sort(),
    ).toEqual(Object.keys(rest).sort());
    expect([status.type, status.node]).toEqual(["status", client.welcome.node]);
  });

  test("authenticate and refresh: there is nothing to prove in open mode, and it says so", async () => {
    const client = await server.connect();
    for (const type of ["authenticate", "refresh"]) {
      const answer = await client.request({ type, token: "x" });
      expect([answer.type, answer.code]).toEqual(["error", "bad_request"]);
      expect(answer.message).toContain("open mode");
    }
  });

  test("a response that nobody asked for is refused", async () => {
    const client = await server.connect();
    const answer = await client.request({ type: "response", correlation_id: "c", data: {} });
    expect([answer.type, answer.code]).toEqual(["error", "not_found"]);
  });

  test("errors come with the code, the reason and the id, also without an id", async () => {
    const client = await server.connect();
    expect(await client.request({ type: "publish", id: 7, topic: "no good", message: "m" })).toEqual({
      type: "error",
      id: 7,
      code: "invalid",
      message: "topic: must be 1 to 255 characters of A-Z a-z 0-9 _ . : @ | ~ = -",
    });
    client.send({ type: "publish", topic: "t" });
    expect(await client.next("error")).toEqual({
      type: "error",
      code: "invalid",
      message: "message or data: at least one is needed",
    });
  });
});
