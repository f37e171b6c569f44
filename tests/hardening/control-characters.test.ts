import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { EventStreamClient } from "../integration/event-stream/event-stream-client.ts";
import { RawConnection } from "../support/raw-connection.ts";
import { addressOf } from "../support/raw-websocket.ts";
import { startTestServer } from "../support/server.ts";
import { WebSocketClient } from "../support/websocket-client.ts";

let server: Awaited<ReturnType<typeof startTestServer>>;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

/** What would begin a line, a field or an event of its own in a stream. */
const breaks = [
  "\n",
  "\r",
  "\r\n",
  "\u0000",
  "\u001b",
  "\u0085",
  "\u2028",
  "\u2029",
  "\n\ndata: forged\n\n",
  ": x",
  " ",
];

describe("CR and LF in event names", () => {
  test("are refused wherever an event is named", async () => {
    for (const text of breaks) {
      // One for each: too many bad frames would end a connection.
      const client = await WebSocketClient.welcomed(server.url, "topics=");
      try {
        for (const event of [`a${text}b`, text, `${text}a`, `a${text}`]) {
          client.send({ type: "publish", id: 1, topic: "t", event, message: "x" });
          expect(await client.next("error")).toMatchObject({ id: 1, code: "invalid" });
          const bodies: [string, object][] = [
            ["/publish", { topic: "t", event, message: "x" }],
            ["/notify", { message: "x", type: event }],
            ["/sse/push", { user_id: "a", message: "x", type: event }],
          ];
          for (const [path, body] of bodies) {
            const answer = await fetch(server.url + path, { method: "POST", body: JSON.stringify(body) });
            expect([path, event, answer.status]).toEqual([path, event, 422]);
          }
        }
        client.send({ type: "publish", id: 2, topic: `t${text}`, message: "x" });
        expect(await client.next("error")).toMatchObject({ id: 2, code: "invalid" });
      } finally {
        await client.close();
      }
    }
  });
});

describe("control characters in what is free text", () => {
  test("arrive as they were sent, in one event each and in no other field", async () => {
    const hostile = breaks.join("|");
    const connection = await RawConnection.connect(addressOf(server.url));
    connection.write("GET /events?topic=free HTTP/1.1\r\nHost: localhost\r\n\r\n");
    const stream = await EventStreamClient.subscribed(server.url, "topic=free");
    try {
      const body = {
        topic: "free",
        message: hostile,
        sender: hostile,
        key: "k\r\n1",
        correlation_id: hostile,
        tags: { "\u0000\u001b": hostile },
        data: { [hostile]: hostile },
      };
      const answer = await fetch(`${server.url}/publish`, { method: "POST", body: JSON.stringify(body) });
      expect([answer.status, await answer.json()]).toMatchObject([200, { topic: "free" }]);
      const [event] = await stream.take("free", 1);
      expect(event!.data).toMatchObject(body);
      const text = await connection.waitFor("the event", () => {
        const received = Buffer.from(connection.received).toString();
        return /"key"[^\n]*\n\n/.test(received) ? received : null;
      });
      const events = text
        .slice(text.indexOf("\r\n\r\n") + 4)
        .replaceAll(/\r\n[0-9a-f]+\r\n|^[0-9a-f]+\r\n/g, "");
      const lines = events.split(/\r\n|\n|\r/).filter((line) => line !== "");
      for (const line of lines)
        expect(line).toMatch(/^(?:retry: \d+|event: \w+|id: [\w.~-]+|data: [^\r\n]+|: \w+)$/);
      expect(lines.filter((line) => line.startsWith("data:"))).toHaveLength(2);
    } finally {
      connection.destroy();
      await stream.close();
    }
  });

  test("in a cursor or a name of a request go no further", async () => {
    const cursor = "c1.aaaaaaaa~e~1\r\ndata: forged\r\n";
    const stream = await EventStreamClient.open(server.url, `topic=t&since=${encodeURIComponent(cursor)}`);
    expect(stream.response.status).toBe(422);
    await stream.close();
    for (const [name, status] of [
      ["a\tb", 404],
      ["é", 404],
      ["a\u001b[31m", 400],
      ["a\u0000", 400],
    ] as const) {
      const connection = await RawConnection.connect(addressOf(server.url));
      connection.write(`GET /nowhere HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: ${name}\r\n\r\n`);
      const answer = await connection.takeHttpResponse();
      connection.destroy();
      expect(answer.status).toBe(status);
      expect(answer.headers.get("x-request-id") ?? "").toMatch(/^(?:[\w-]{36})?$/);
    }
  });
});
