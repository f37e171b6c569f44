import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { Publication } from "../../../src/core/publication.ts";
import { Ring } from "../../../src/hub/ring.ts";
import { publicationAt } from "./publications.ts";

type Step = "push" | "drop" | "clear";

const steps = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.constant<Step>("push") },
    { weight: 4, arbitrary: fc.constant<Step>("drop") },
    { weight: 1, arbitrary: fc.constant<Step>("clear") },
  ),
  { maxLength: 200 },
);

describe("ring", () => {
  test("is an array that grows at its end and is cut at its front", () => {
    fc.assert(
      fc.property(steps, (taken) => {
        const ring = new Ring();
        let model: Publication[] = [];
        let offset = 0;
        for (const step of taken) {
          if (step === "push") {
            const publication = publicationAt(++offset);
            ring.push(publication);
            model.push(publication);
          } else if (step === "drop") {
            ring.dropOldest();
            model = model.slice(1);
          } else {
            ring.clear();
            model = [];
          }
          expect(ring.length).toBe(model.length);
          expect(ring.oldest).toBe(model[0]);
          for (let index = 0; index < model.length; index++) expect(ring.at(index)).toBe(model[index]!);
        }
        expect(() => ring.at(model.length)).toThrow(RangeError);
        expect(() => ring.at(-1)).toThrow(RangeError);
      }),
    );
  });

  test("bytes are those of what is held, with a constant overhead for each", () => {
    const ring = new Ring();
    ring.push(publicationAt(1));
    const overhead = ring.bytes - publicationAt(1).bytes;
    expect(overhead).toBeGreaterThan(0);
    const second = publicationAt(2, { message: "€".repeat(1000) });
    ring.push(second);
    expect(ring.bytes).toBe(publicationAt(1).bytes + second.bytes + 2 * overhead);
    ring.dropOldest();
    expect(ring.bytes).toBe(second.bytes + overhead);
    ring.dropOldest();
    expect(ring.bytes).toBe(0);
    ring.dropOldest();
    expect(ring.length).toBe(0);
  });
});
