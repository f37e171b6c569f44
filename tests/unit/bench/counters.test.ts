import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { EventCounter } from "../../../bench/load/event-counter.ts";
import { FrameCounter } from "../../../bench/load/frame-counter.ts";
import { encodeFrame, Opcode } from "../../support/raw-frame.ts";

/** `bytes` in pieces that end at the given places, counted piece by piece. */
const countInPieces = (
  counter: { push(bytes: Buffer): number },
  bytes: Uint8Array,
  cuts: readonly number[],
): number => {
  const ends = [...cuts.map((cut) => cut % (bytes.length + 1)).toSorted((a, b) => a - b), bytes.length];
  let start = 0;
  let count = 0;
  for (const end of ends) {
    count += counter.push(Buffer.from(bytes.subarray(start, end)));
    start = end;
  }
  return count;
};

const cutsArbitrary = fc.array(fc.nat(1_000_000), { maxLength: 20 });

describe("FrameCounter", () => {
  const frameArbitrary = fc.record({
    opcode: fc.constantFrom(Opcode.text, Opcode.binary, Opcode.ping, Opcode.close),
    length: fc.constantFrom(0, 1, 64, 125, 126, 300, 65_535, 65_536),
  });

  test("counts text frames and pings, wherever the stream is cut", () => {
    fc.assert(
      fc.property(fc.array(frameArbitrary, { maxLength: 8 }), cutsArbitrary, (frames, cuts) => {
        const bytes = Buffer.concat(
          frames.map(({ opcode, length }) =>
            encodeFrame({ opcode, payload: new Uint8Array(length).fill(0x81), mask: false }),
          ),
        );
        let pings = 0;
        const counter = new FrameCounter(() => {
          pings++;
        });
        // A text frame without payload ends with its header.
        expect(countInPieces(counter, bytes, cuts)).toBe(
          frames.filter((frame) => frame.opcode === Opcode.text).length,
        );
        expect(pings).toBe(frames.filter((frame) => frame.opcode === Opcode.ping).length);
      }),
      { numRuns: 2000 },
    );
  });
});

describe("EventCounter", () => {
  test("counts events of a chunked body, wherever it is cut", () => {
    const event = 'event: message\nid: c1\ndata: {"type":"message"}\n\n';
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 5 }), { maxLength: 6 }),
        cutsArbitrary,
        (chunks, cuts) => {
          const body = chunks
            .map((events) => event.repeat(events))
            .map((chunk) => `${chunk.length.toString(16)}\r\n${chunk}\r\n`)
            .join("");
          const expected = chunks.reduce((sum, events) => sum + events, 0);
          expect(countInPieces(new EventCounter(), Buffer.from(body), cuts)).toBe(expected);
        },
      ),
      { numRuns: 2000 },
    );
  });
});
