import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { RawConnection } from "../../support/raw-connection.ts";
import { concatenate, FrameDecoder, Opcode } from "../../support/raw-frame.ts";
import { addressOf, buildRequest, RawWebSocket } from "../../support/raw-websocket.ts";
import { startTestServer } from "../../support/server.ts";
import { handshakeHeaderCases } from "./cases/handshake-headers.ts";
import { handshakeHttpCases } from "./cases/handshake-http.ts";
import { handshakeQueryCases } from "./cases/handshake-queries.ts";
import { ping } from "./frame-case.ts";
import { requestBytes, type UpgradeAnswer, type UpgradeCase } from "./upgrade-case.ts";
import { Witness } from "./witness.ts";

const sections: readonly (readonly [name: string, cases: readonly UpgradeCase[]])[] = [
  ["headers of the handshake", handshakeHeaderCases],
  ["query of the handshake", handshakeQueryCases],
  ["HTTP around the handshake", handshakeHttpCases],
];

let server: Awaited<ReturnType<typeof startTestServer>>;
let witness: Witness;

beforeAll(async () => {
  server = await startTestServer({ notificationIntervalMs: 0 });
  witness = await Witness.open(server.url);
});

afterAll(async () => {
  await witness.close();
  await server.stop();
});

for (const [section, cases] of sections) {
  describe(section, () => {
    for (const upgradeCase of cases) {
      test(upgradeCase.name, async () => {
        const address = addressOf(server.url);
        const connection = await RawConnection.connect(address);
        try {
          const request = requestBytes(upgradeCase, address);
          await connection.writeChopped(request, upgradeCase.pieceBytes ?? request.length);
          await expectAnswer(connection, upgradeCase.answer);
          expect(await witness.publicationsSinceLastProbe()).toEqual([]);
        } finally {
          connection.destroy();
        }
      });
    }
  });
}

test("frames sent along with the handshake are read after it", async () => {
  const address = addressOf(server.url);
  const connection = await RawConnection.connect(address);
  try {
    const handshake = requestBytes({ name: "", answer: { kind: "welcomed" } }, address);
    connection.write(concatenate([handshake, ping("early")]));
    expect((await connection.takeHttpResponse()).status).toBe(101);
    const frames = await takeFrames(connection, 2);
    expect(frames.map(({ opcode }) => opcode).toSorted()).toEqual([Opcode.text, Opcode.pong]);
  } finally {
    connection.destroy();
  }
});

for (const host of ["a", "ab", "a:1", ""]) {
  test(`the other routes are found with the Host "${host}"`, async () => {
    const connection = await RawConnection.connect(addressOf(server.url));
    try {
      connection.write(buildRequest("GET /health HTTP/1.1", { Host: host }));
      expect((await connection.takeHttpResponse()).status).toBe(200);
    } finally {
      connection.destroy();
    }
  });
}

test("compression that a client offers is not agreed to", async () => {
  const client = await RawWebSocket.open(server.url, {
    headers: { "Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits" },
  });
  expect(client.handshake.headers.get("sec-websocket-extensions")).toBeNull();
  await client.close();
});

async function expectAnswer(connection: RawConnection, answer: UpgradeAnswer): Promise<void> {
  if (answer.kind === "cut") {
    await connection.waitForClose();
    expect(connection.received).toHaveLength(0);
    return;
  }
  const response = await connection.takeHttpResponse();
  if (answer.kind === "welcomed") {
    expect(response).toMatchObject({ status: 101, body: "" });
    const [first] = await takeFrames(connection, 1);
    expect(first!.opcode).toBe(Opcode.text);
    expect(JSON.parse(new TextDecoder().decode(first!.payload))).toMatchObject({ type: "welcome" });
  } else if (answer.kind === "refused") {
    expect({ status: response.status, body: JSON.parse(response.body) }).toEqual({
      status: answer.status,
      body: { error: { code: answer.code, message: expect.stringMatching(/./) } },
    });
    expect(response.headers.get("content-type")).toStartWith("application/json");
  } else {
    expect(response).toMatchObject({ status: answer.status, body: "" });
    await connection.waitForClose();
  }
}

/** Waits for this many frames, and takes whatever has arrived by then. */
async function takeFrames(connection: RawConnection, count: number) {
  return await connection.waitFor(`${count} frames`, () => {
    const frames = new FrameDecoder().push(connection.received);
    return frames.length < count ? null : frames;
  });
}
