import { describe, expect, test } from "bun:test";
import { RawConnection } from "../../support/raw-connection.ts";
import { addressOf, buildRequest, handshakeHeaders } from "../../support/raw-websocket.ts";
import { startTestServer } from "../../support/server.ts";
import { WebSocketClient } from "../../support/websocket-client.ts";

const compressible = "the same again and ".repeat(2000);

/** Bytes on the wire of one publication, to a client that offers compression. */
async function bytesOfPublication(wsCompression: boolean) {
  const server = await startTestServer({ wsCompression });
  const address = addressOf(server.url);
  const connection = await RawConnection.connect(address);
  const offer = { ...handshakeHeaders(address), "Sec-WebSocket-Extensions": "permessage-deflate" };
  connection.write(buildRequest("GET /ws?topics=t HTTP/1.1", offer));
  const { headers } = await connection.takeHttpResponse();
  const client = await WebSocketClient.welcomed(server.url, "topics=t");
  try {
    await client.request({ type: "publish", topic: "t", message: compressible });
    const publication = await client.next((frame) => "ts" in frame);
    const end = wsCompression ? 100 : compressible.length;
    await connection.waitFor("the publication", () => (connection.received.length > end ? true : null));
    return {
      negotiated: headers.get("sec-websocket-extensions"),
      bytes: connection.received.length,
      message: publication.message,
    };
  } finally {
    connection.destroy();
    await client.close();
    await server.stop();
  }
}

describe("compression", () => {
  test("is used where the setting is on and the client offers it; what is said stays the same", async () => {
    const { negotiated, bytes, message } = await bytesOfPublication(true);
    expect(negotiated).toContain("permessage-deflate");
    expect(bytes).toBeLessThan(compressible.length / 10);
    expect(message).toBe(compressible);
  });

  test("is off by default, whatever the client offers", async () => {
    const { negotiated, bytes } = await bytesOfPublication(false);
    expect(negotiated ?? "").not.toContain("permessage-deflate");
    expect(bytes).toBeGreaterThan(compressible.length);
  });
});
