import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { startTestServer } from "../support/server.ts";
import { WebSocketClient } from "../support/websocket-client.ts";

let server: Awaited<ReturnType<typeof startTestServer>>;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

const lists = (levels: number) => `${"[".repeat(levels)}${"]".repeat(levels)}`;
const objects = (levels: number) => `${'{"a":'.repeat(levels)}1${"}".repeat(levels)}`;
const mixed = (levels: number) => `${'[{"a":'.repeat(levels / 2)}"]]]]}}}}"${"}]".repeat(levels / 2)}`;

describe("deep JSON", () => {
  for (const [name, nest] of Object.entries({ lists, objects, mixed })) {
    test(`of ${name} is refused, in a frame and in a body, wherever it stands`, async () => {
      const client = await WebSocketClient.welcomed(server.url, "topics=");
      try {
        for (const levels of [130, 200, 10_000]) {
          const deep = nest(levels);
          for (const frame of [
            `{"type":"publish","id":1,"topic":"t","data":${deep}}`,
            `{"message":"x","data":${deep}}`,
            `{"type":"response","correlation_id":"c","data":${deep}}`,
          ]) {
            client.send(frame);
            expect(await client.next("error")).toMatchObject({
              code: "invalid",
              message: expect.stringContaining("deep"),
            });
          }
          for (const [path, body] of [
            ["/publish", `{"topic":"t","data":${deep}}`],
            ["/alerts", `{"message":"x","more":${deep}}`],
            ["/notify", `{"message":"x","data":${deep}}`],
          ] as const) {
            const answer = await fetch(server.url + path, { method: "POST", body });
            expect([path, levels, answer.status]).toEqual([path, levels, 422]);
            expect(await answer.text()).toContain("deep");
          }
        }
        client.send(`{"type":"publish","topic":"t","message":"x","left_out":${nest(10_000)}}`);
        expect(await client.next("error")).toMatchObject({ code: "invalid" });
      } finally {
        await client.close();
      }
    });
  }

  test("is not even parsed: a megabyte of brackets costs no more than one of blanks", async () => {
    const timeOf = async (body: string) => {
      const startedMs = performance.now();
      for (let round = 0; round < 20; round++) {
        expect(
          (await fetch(`${server.url}/publish`, { method: "POST", body })).status,
        ).toBeGreaterThanOrEqual(400);
      }
      return performance.now() - startedMs;
    };
    await timeOf(" ".repeat(1_000_000));
    const blanks = await timeOf(" ".repeat(1_000_000));
    const brackets = await timeOf(lists(500_000));
    // Parsed, it takes twenty times as long.
    expect(brackets).toBeLessThan(blanks * 4 + 100);
  });

  test("as deep as data may be arrives as it was sent", async () => {
    const client = await WebSocketClient.welcomed(server.url, "topics=deepest");
    try {
      const data = lists(128);
      client.send(`{"type":"publish","id":1,"topic":"deepest","data":${data}}`);
      expect(await client.next("ack")).toMatchObject({ offset: 1 });
      const publication = await client.next((frame) => "ts" in frame);
      expect(JSON.stringify(publication.data)).toBe(data);
      const body = `[{"topic":"deepest","data":${data}}]`;
      expect((await fetch(`${server.url}/publish/batch`, { method: "POST", body })).status).toBe(200);
    } finally {
      await client.close();
    }
  });
});
