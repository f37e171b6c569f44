import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { Publication } from "../../../src/core/publication.ts";
import { TopicLog } from "../../../src/hub/topic-log.ts";
import { publicationAt } from "./publications.ts";

const bounds = { size: 8, ageMs: 1000, bytes: 3000, keyAgeMs: 500, keysMax: 4 };
/** As in the ring; the byte bound counts it. */
const entryOverheadBytes = 112;

type Step =
  | { readonly kind: "append"; readonly size: number }
  | { readonly kind: "wait"; readonly ms: number }
  | { readonly kind: "restart" }
  | {
      readonly kind: "range";
      readonly from: number;
      readonly length: number;
      readonly limit: number;
      readonly bytes: number;
    }
  | { readonly kind: "page"; readonly since: number | null; readonly limit: number; readonly bytes: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: fc.constant("append" as const), size: fc.nat(900) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("wait" as const), ms: fc.nat(700) }) },
  { weight: 1, arbitrary: fc.constant({ kind: "restart" as const }) },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant("range" as const),
      from: fc.integer({ min: -10, max: 2 }),
      length: fc.integer({ min: -1, max: 10 }),
      limit: fc.nat(10),
      bytes: fc.nat(3000),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("page" as const),
      since: fc.option(fc.integer({ min: -10, max: 2 })),
      limit: fc.nat(10),
      bytes: fc.nat(3000),
    }),
  },
);

/** The history as a plain array. */
class Model {
  epoch = "e0";
  top = 0;
  held: Publication[] = [];

  append(publication: Publication): void {
    this.top = publication.offset;
    this.held.push(publication);
    this.trim(publication.ts);
  }

  trim(now: number): void {
    const total = () => this.held.reduce((sum, { bytes }) => sum + bytes + entryOverheadBytes, 0);
    while (this.held.length > bounds.size || total() > bounds.bytes) this.held.shift();
    while (this.held.length > 0 && this.held[0]!.ts <= now - bounds.ageMs) this.held.shift();
  }

  range(from: number, until: number, limit: number, bytesMax: number): Publication[] | null {
    if (until < from) return null;
    const found = this.held.filter(({ offset }) => offset > from && offset <= until);
    const bytes = found.reduce((sum, publication) => sum + publication.bytes, 0);
    if (found.length !== until - from || found.length > limit || bytes > bytesMax) return null;
    return found;
  }

  page(since: number | null, limit: number, bytesMax: number): Publication[] {
    const found: Publication[] = [];
    const candidates =
      since === null ? [...this.held].reverse() : this.held.filter(({ offset }) => offset > since);
    let bytes = 0;
    for (const publication of candidates) {
      bytes += publication.bytes;
      if (found.length >= limit || (bytes > bytesMax && found.length > 0)) break;
      found.push(publication);
    }
    return since === null ? found.reverse() : found;
  }
}

describe("topic log", () => {
  test("holds, reads and forgets as a plain array would", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (taken) => {
        const log = new TopicLog("t", "e0", bounds);
        const model = new Model();
        let now = 10_000;
        let epochs = 0;
        for (const next of taken) {
          switch (next.kind) {
            case "append": {
              const publication = publicationAt(model.top + 1, { ts: now, message: "x".repeat(next.size) });
              log.append(publication);
              model.append(publication);
              break;
            }
            case "wait":
              now += next.ms;
              break;
            case "restart":
              epochs++;
              log.restart(`e${epochs}`);
              Object.assign(model, { epoch: `e${epochs}`, top: 0, held: [] });
              break;
            case "range": {
              const from = model.top + next.from;
              const until = Math.min(model.top, from + next.length);
              if (from < 0) break;
              const range = log.range(from, until, next.limit, next.bytes);
              expect(range).toEqual(from === until ? [] : model.range(from, until, next.limit, next.bytes));
              break;
            }
            case "page": {
              const since =
                next.since === null
                  ? undefined
                  : { epoch: model.epoch, offset: Math.max(0, model.top + next.since) };
              model.trim(now);
              const page = log.page({ topic: "t", limit: next.limit, bytesMax: next.bytes, since }, now);
              expect(page.publications).toEqual(model.page(since?.offset ?? null, next.limit, next.bytes));
              expect(page).toMatchObject({ epoch: model.epoch, offset: model.top });
              break;
            }
          }
          expect({ epoch: log.epoch, top: log.top }).toEqual({ epoch: model.epoch, top: model.top });
        }
        log.trim(now);
        model.trim(now);
        expect(log.isEmpty).toBe(model.held.length === 0);
      }),
      { numRuns: 200 },
    );
  });

  test("takes nothing but the next offset", () => {
    const log = new TopicLog("t", "e", bounds);
    log.append(publicationAt(1));
    expect(() => log.append(publicationAt(3))).toThrow("offset 3 after 1");
    expect(() => log.append(publicationAt(1))).toThrow("offset 1 after 1");
  });

  test("a publication beyond the bytes of the whole ring is ordered, and not held", () => {
    const log = new TopicLog("t", "e", bounds);
    log.append(publicationAt(1));
    log.append(publicationAt(2, { message: "x".repeat(5000) }));
    expect(log.top).toBe(2);
    expect(log.isEmpty).toBe(true);
    expect(log.range(1, 2, 10, 100_000)).toBeNull();
    expect(log.range(2, 2, 10, 100_000)).toEqual([]);
  });

  test("keys keep it from being empty, and go with their epoch", () => {
    const log = new TopicLog("t", "e", bounds);
    const empty = log.bytes;
    log.rememberKey("k", 5, 1000);
    expect(log.bytes).toBeGreaterThan(empty);
    expect(log.isEmpty).toBe(false);
    expect(log.offsetOfKey("k", 1000)).toBe(5);
    log.trim(1500);
    expect(log.isEmpty).toBe(true);
    expect(log.bytes).toBe(empty);
    log.rememberKey("k", 5, 2000);
    log.restart("e2");
    expect(log.offsetOfKey("k", 2000)).toBeUndefined();
    expect(log.bytes).toBe(empty);
  });
});
