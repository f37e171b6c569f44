import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Opcode, toBytes } from "../../support/raw-frame.ts";
import { RawWebSocket } from "../../support/raw-websocket.ts";
import { startTestServer } from "../../support/server.ts";
import { closingCases } from "./cases/closing.ts";
import { fragmentationCases } from "./cases/fragmentation.ts";
import { framingCases } from "./cases/framing.ts";
import { maskAndLengthCases } from "./cases/masks-and-lengths.ts";
import { opcodeCases } from "./cases/opcodes.ts";
import { pingCases } from "./cases/pings.ts";
import { reservedBitsCases } from "./cases/reserved-bits.ts";
import { utf8Cases } from "./cases/utf8.ts";
import { type FrameCase, ping } from "./frame-case.ts";
import { isPublication, Witness } from "./witness.ts";

const sections: readonly (readonly [name: string, cases: readonly FrameCase[]])[] = [
  ["framing", framingCases],
  ["pings and pongs", pingCases],
  ["reserved bits", reservedBitsCases],
  ["opcodes", opcodeCases],
  ["fragmentation", fragmentationCases],
  ["UTF-8", utf8Cases],
  ["closing", closingCases],
  ["masks and lengths", maskAndLengthCases],
];

/** Sent last by every case that leaves its connection open: what it brings back closes the account. */
const lastPing = "the last ping";
const lastText = "the last text";

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
    for (const frameCase of cases) {
      test(frameCase.name, async () => {
        const client = await RawWebSocket.open(server.url);
        try {
          await client.waitForJson("welcome", ({ type }) => type === "welcome");
          await sendAll(client, frameCase);
          if (frameCase.end.kind === "open") await expectOpenEnd(client, frameCase);
          else await expectClosedEnd(client, frameCase, frameCase.end);
          await expectWitnessed(frameCase);
        } finally {
          client.connection.destroy();
        }
      });
    }
  });
}

async function sendAll(client: RawWebSocket, frameCase: FrameCase): Promise<void> {
  for (const bytes of frameCase.send) {
    if (frameCase.pieceBytes === undefined) client.send(bytes);
    else await client.connection.writeChopped(bytes, frameCase.pieceBytes);
  }
}

async function expectOpenEnd(client: RawWebSocket, frameCase: FrameCase): Promise<void> {
  client.send(ping(lastPing));
  client.sendText(lastText);
  await client.waitForFrame("the last pong", ({ payload }) => Buffer.from(payload).equals(toBytes(lastPing)));
  await client.waitForJson("the last text", ({ message }) => message === lastText);
  expect(pongsOf(client)).toEqual([...(frameCase.pongs ?? []), lastPing].map(toText));
  expect(textsOf(client)).toEqual([...(frameCase.chat ?? []), lastText]);
  expect(badRequestsOf(client)).toBe(frameCase.badRequests ?? 0);
  expect(client.connection.isClosed).toBe(false);
  expect(client.closeFrame).toBeNull();
}

async function expectClosedEnd(
  client: RawWebSocket,
  frameCase: FrameCase,
  end: FrameCase["end"] & { kind: "closed" },
): Promise<void> {
  const closeFrame = await client.waitForEnd();
  expect(closeFrame).toMatchObject({
    code: end.code,
    ...(end.reason === undefined ? {} : { reason: end.reason }),
  });
  expect(client.frames.at(-1)?.opcode).toBe(Opcode.close);
  expect(client.frames.filter(({ opcode }) => opcode === Opcode.close)).toHaveLength(1);
  expect(pongsOf(client)).toEqual((frameCase.pongs ?? []).map(toText));
  // The end may overtake the sender's own publications, which leave with the tick; the witness sees them all.
  const texts = textsOf(client);
  expect(texts).toEqual((frameCase.chat ?? []).slice(0, texts.length));
  expect(badRequestsOf(client)).toBeLessThanOrEqual(frameCase.badRequests ?? 0);
}

async function expectWitnessed(frameCase: FrameCase): Promise<void> {
  const publications = await witness.publicationsSinceLastProbe();
  const expected = [...(frameCase.chat ?? []), ...(frameCase.end.kind === "open" ? [lastText] : [])];
  expect(publications.map(({ message }) => message)).toEqual(expected);
  for (const publication of publications) {
    expect(publication).toMatchObject({
      type: "echo",
      topic: "chat",
      ts: expect.any(Number),
      sender: expect.stringMatching(/^guest-/),
    });
    expect(publication).not.toHaveProperty("id");
  }
  const { offsets } = witness;
  expect(offsets).toEqual(offsets.map((_, index) => index + 1));
}

function textsOf(client: RawWebSocket): unknown[] {
  return client.jsonFrames.filter(isPublication).map(({ message }) => message);
}

function badRequestsOf(client: RawWebSocket): number {
  const errors = client.jsonFrames.filter(({ type }) => type === "error");
  expect(errors.map(({ code }) => code)).toEqual(errors.map(() => "bad_request"));
  return errors.length;
}

function pongsOf(client: RawWebSocket): string[] {
  return client.frames.filter(({ opcode }) => opcode === Opcode.pong).map(({ payload }) => toText(payload));
}

/** One character a byte, so that payloads that are not UTF-8 compare and print as well. */
function toText(payload: string | Uint8Array): string {
  return Buffer.from(toBytes(payload)).toString("latin1");
}
