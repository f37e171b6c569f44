import { expect, test } from "bun:test";
import { Ring } from "../../../src/hub/ring.ts";

function bytesOf(frame: string): number {
  const ring = new Ring();
  ring.push({ offset: 1, ts: 1, type: "message", frame, bytes: Buffer.byteLength(frame) });
  return ring.bytes;
}

test("one character beyond ASCII doubles what a text takes, as it does in memory", () => {
  const plain = bytesOf("a".repeat(10_000));
  expect(bytesOf(`${"a".repeat(9_998)}😀`) - plain).toBe(10_000);
});
