import { describe, expect, test } from "bun:test";
import {
  decodeClosePayload,
  encodeClosePayload,
  encodeFrame,
  FrameDecoder,
  Opcode,
} from "../../support/raw-frame.ts";

function hexOf(bytes: Uint8Array): string {
  return bytes.toHex();
}

describe("encodeFrame", () => {
  // The examples of section 5.7 of RFC 6455.
  test("an unmasked text, whole and in fragments", () => {
    const whole = encodeFrame({ opcode: Opcode.text, payload: "Hello", mask: false });
    expect(hexOf(whole)).toBe("810548656c6c6f");
    const first = encodeFrame({ opcode: Opcode.text, payload: "Hel", mask: false, fin: false });
    expect(hexOf(first)).toBe("010348656c");
    expect(hexOf(encodeFrame({ opcode: Opcode.continuation, payload: "lo", mask: false }))).toBe("80026c6f");
  });

  test("a masked text and a masked pong", () => {
    const mask = [0x37, 0xfa, 0x21, 0x3d] as const;
    expect(hexOf(encodeFrame({ opcode: Opcode.text, payload: "Hello", mask }))).toBe(
      "818537fa213d7f9f4d5158",
    );
    expect(hexOf(encodeFrame({ opcode: Opcode.pong, payload: "Hello", mask }))).toBe(
      "8a8537fa213d7f9f4d5158",
    );
  });

  test("lengths of 16 and 64 bits, where they are due", () => {
    const headerOf = (size: number) =>
      hexOf(encodeFrame({ opcode: Opcode.binary, payload: new Uint8Array(size), mask: false })).slice(
        0,
        -2 * size,
      );
    expect([125, 126, 256, 65_535, 65_536].map(headerOf)).toEqual([
      "827d",
      "827e007e",
      "827e0100",
      "827effff",
      "827f0000000000010000",
    ]);
  });

  test("reserved bits, longer encodings and lengths that lie", () => {
    expect(hexOf(encodeFrame({ opcode: 11, rsv: 5, mask: false }))).toBe("db00");
    expect(hexOf(encodeFrame({ opcode: 1, payload: "a", mask: false, lengthEncoding: 16 }))).toBe(
      "817e000161",
    );
    expect(hexOf(encodeFrame({ opcode: 1, payload: "a", mask: false, lengthEncoding: 64 }))).toBe(
      "817f000000000000000161",
    );
    expect(hexOf(encodeFrame({ opcode: 1, mask: false, announcedLength: 1n << 63n }))).toBe(
      "817f8000000000000000",
    );
  });
});

describe("FrameDecoder", () => {
  const frames = [
    { opcode: Opcode.text, payload: "κόσμε", mask: false },
    { opcode: Opcode.binary, payload: new Uint8Array(300).fill(7), mask: false, fin: false },
    { opcode: Opcode.continuation, payload: new Uint8Array(66_000).fill(8), mask: false, rsv: 4 },
    { opcode: Opcode.ping, payload: "masked" },
  ] as const;
  const stream = Buffer.concat(frames.map((frame) => encodeFrame(frame)));

  for (const pieceBytes of [3, 997, 4_096, stream.length]) {
    test(`reads a stream in pieces of ${pieceBytes}`, () => {
      const decoder = new FrameDecoder();
      const decoded = [];
      for (let position = 0; position < stream.length; position += pieceBytes) {
        decoded.push(...decoder.push(stream.subarray(position, position + pieceBytes)));
      }
      expect(decoded.map(({ opcode, fin, rsv, masked }) => [opcode, fin, rsv, masked])).toEqual([
        [1, true, 0, false],
        [2, false, 0, false],
        [0, true, 4, false],
        [9, true, 0, true],
      ]);
      expect(decoded.map(({ payload }) => payload.length)).toEqual([10, 300, 66_000, 6]);
      expect(new TextDecoder().decode(decoded[0]!.payload)).toBe("κόσμε");
      expect(new TextDecoder().decode(decoded[3]!.payload)).toBe("masked");
    });
  }
});

test("a close payload keeps its code and reason, and may be empty", () => {
  expect(decodeClosePayload(encodeClosePayload(4999, "bye"))).toEqual({ code: 4999, reason: "bye" });
  expect(decodeClosePayload(new Uint8Array(0))).toEqual({ code: null, reason: "" });
});
