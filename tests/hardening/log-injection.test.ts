import { expect, test } from "bun:test";
import { RawConnection } from "../support/raw-connection.ts";
import { addressOf } from "../support/raw-websocket.ts";
import { spawnServer } from "../support/server.ts";
import { until } from "../support/until.ts";
import { WebSocketClient } from "../support/websocket-client.ts";

/** Would be a line of its own, and red. */
const forged =
  '\r\n2026-01-01T00:00:00.000Z CRITICAL \u001b[31mforged\u001b[0m {"level":"CRITICAL","msg":"forged"}\n\u2028\u202e';

for (const format of ["json", "text"]) {
  test(`nothing that clients say begins a line of the ${format} log, or drives a terminal`, async () => {
    const server = await spawnServer({ env: { LOG_FORMAT: format, LOG_LEVEL: "DEBUG" } });
    try {
      const encoded = encodeURIComponent(forged);
      const paths = [
        `/${encoded}`,
        `/topics/${encoded}`,
        `/topics/t/history?since=${encoded}`,
        `/events?topic=${encoded}`,
      ];
      for (const path of paths) expect((await fetch(server.url + path)).status).toBeGreaterThanOrEqual(400);
      const raw = await RawConnection.connect(addressOf(server.url));
      raw.write(`GET /a\u001b[31mb\u0085 HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: x\u0085y\r\n\r\n`);
      await raw.takeHttpResponse();
      raw.destroy();
      await expect(WebSocketClient.open(server.url, `name=${encoded}`)).rejects.toThrow();
      const client = await WebSocketClient.welcomed(server.url, "user_id=alice&topics=");
      client.send({ type: "publish", topic: "t", event: forged, message: forged });
      await client.next("error");
      client.send(forged);
      client.socket.close(4000, "bye \u001b[31m\u0085\u2028\u202e\n2026 CRITICAL forged");
      await client.closed;
      await fetch(`${server.url}/sse/push`, {
        method: "POST",
        body: JSON.stringify({ user_id: "alice", message: forged }),
      });
      await until(() => server.lines.some((line) => line.includes("connection closed")), 5000, "the log");
      expect(server.lines.length).toBeGreaterThan(8);
      for (const line of server.lines) {
        // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what must not be there.
        expect(line).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202e]/);
        expect(line).toMatch(
          format === "json" ? /^\{"level":"[A-Z]+","time":/ : /^\d{4}-\S+ (?:DEBUG|INFO|WARNING) /,
        );
      }
    } finally {
      await server.stop();
    }
  });
}
