import type { Publication } from "../../../src/core/publication.ts";
import { encodePublication } from "../../../src/protocol/encode.ts";

/** A publication as a broker makes it; `offset` 0: one without a position. */
export function publicationAt(
  offset: number,
  more: { message?: string; ts?: number; topic?: string } = {},
): Publication {
  const request = {
    topic: more.topic ?? "t",
    event: "message",
    message: more.message ?? `m${offset}`,
    store: offset > 0,
  };
  return encodePublication(request, offset, more.ts ?? 1000);
}

/** One whose frame is as large as asked for, as near as its other fields allow. */
export function largePublication(offset: number, bytes: number): Publication {
  return publicationAt(offset, { message: "x".repeat(Math.max(0, bytes - 70)) });
}
