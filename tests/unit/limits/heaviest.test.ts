import { expect, test } from "bun:test";
import fc from "fast-check";
import { heaviest } from "../../../src/limits/heaviest.ts";

const of = (...sizes: number[]) => sizes.map((bytes) => ({ bytes, bufferedBytes: () => bytes }));
const sizesOf = (found: { bytes: number }[]) => found.map(({ bytes }) => bytes);

test("the heaviest first, no more than asked for, none below the least", () => {
  expect(sizesOf(heaviest(of(5, 1, 9, 3, 7), 3, 0))).toEqual([9, 7, 5]);
  expect(sizesOf(heaviest(of(5, 1, 9, 3, 7), 3, 6))).toEqual([9, 7]);
  expect(heaviest(of(5, 1), 3, 6)).toEqual([]);
  expect(heaviest([], 3, 0)).toEqual([]);
});

test("as sorting all of them would find", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(50)), fc.integer({ min: 1, max: 8 }), fc.nat(50), (sizes, count, least) => {
      const sorted = sizes.filter((size) => size >= least).sort((one, other) => other - one);
      expect(sizesOf(heaviest(of(...sizes), count, least))).toEqual(sorted.slice(0, count));
    }),
  );
});
