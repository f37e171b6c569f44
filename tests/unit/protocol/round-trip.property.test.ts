import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { PublishRequest } from "../../../src/core/publication.ts";
import { decodeText } from "../../../src/protocol/decode.ts";
import {
  encodeAck,
  encodeError,
  encodeHistory,
  encodeHistoryFields,
  encodePublication,
  encodeSubscribed,
  encodeUnsubscribed,
} from "../../../src/protocol/encode.ts";
import { isFreeEventType } from "../../../src/protocol/event-types.ts";

const anyText = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.string({ unit: "grapheme" }),
  fc.constant("\ud800"),
);
const topic = fc.stringMatching(/^[A-Za-z0-9_.:@|~=-]{1,60}$/);
const event = fc.stringMatching(/^[A-Za-z0-9_.:-]{1,64}$/).filter(isFreeEventType);
const id = fc.option(
  fc.oneof(fc.integer(), fc.maxSafeInteger(), fc.string({ unit: "grapheme", maxLength: 8 })),
  {
    nil: undefined,
  },
);
// What JSON can hold: -0 is written as 0.
const data = fc.jsonValue({ maxDepth: 6 }).map((value) => JSON.parse(JSON.stringify(value)));
const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });

const content = fc
  .record({
    event: optional(event),
    message: optional(anyText),
    data: optional(data),
    key: optional(fc.stringMatching(/^[ -~é☃]{1,40}$/)),
    correlation_id: optional(fc.stringMatching(/^[ -~é☃]{1,40}$/)),
    tags: optional(
      fc.dictionary(fc.stringMatching(/^[ -~é]{1,16}$/), fc.string({ maxLength: 40 }), { maxKeys: 8 }),
    ),
    store: optional(fc.boolean()),
  })
  .filter(({ message, data }) => message !== undefined || data !== undefined);

/** Without the fields that are undefined, as JSON leaves them out. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

describe("encode and decode", () => {
  test("every publish frame is read back as it was written", () => {
    fc.assert(
      fc.property(topic, id, content, (name, commandId, fields) => {
        const frame = plain({ type: "publish", id: commandId, topic: name, ...fields });
        const inbound = decodeText(JSON.stringify(frame));
        expect(inbound).toEqual({ kind: "command", command: frame } as never);
      }),
    );
  });

  test("a publication is the JSON of its fields, and says its own size", () => {
    fc.assert(
      fc.property(topic, content, anyText, fc.nat(), fc.nat(), (name, fields, sender, offset, ts) => {
        const request: PublishRequest = {
          topic: name,
          event: fields.event ?? "message",
          message: fields.message,
          data: fields.data,
          sender,
          key: fields.key,
          correlationId: fields.correlation_id,
          tags: fields.tags,
          store: true,
        };
        const publication = encodePublication(request, offset, ts);
        const { store: _, event: type, ...rest } = fields;
        expect(JSON.parse(publication.frame)).toEqual(
          plain({ type: type ?? "message", topic: name, ...(offset > 0 && { offset }), ts, sender, ...rest }),
        );
        expect(publication.bytes).toBe(new TextEncoder().encode(publication.frame).length);
        expect(publication).toMatchObject({ offset, ts, type: type ?? "message" });
        // An event of a stream is one line.
        expect(publication.frame).not.toMatch(/[\n\r]/);
      }),
    );
  });

  test("answers are the JSON of their fields", () => {
    fc.assert(
      fc.property(topic, id, anyText, fc.nat(), fc.boolean(), (name, commandId, text, offset, recovered) => {
        const position = { epoch: "e-1", offset };
        const read = (frame: string) => JSON.parse(frame);
        const at = { topic: name, ...position };
        expect(read(encodeSubscribed(commandId, at))).toEqual(
          plain({ type: "subscribed", id: commandId, ...at }),
        );
        expect(read(encodeSubscribed(commandId, { ...at, recovered }))).toEqual(
          plain({ type: "subscribed", id: commandId, ...at, recovered }),
        );
        expect(read(encodeUnsubscribed(commandId, name))).toEqual(
          plain({ type: "unsubscribed", id: commandId, topic: name }),
        );
        expect(read(encodeUnsubscribed(commandId, name, "forbidden"))).toEqual(
          plain({ type: "unsubscribed", id: commandId, topic: name, code: "forbidden" }),
        );
        expect(read(encodeAck(commandId ?? 1, name, position))).toEqual({
          type: "ack",
          id: commandId ?? 1,
          ...at,
        });
        expect(read(encodeAck(commandId ?? 1, name, null))).toEqual({
          type: "ack",
          id: commandId ?? 1,
          topic: name,
        });
        expect(read(encodeError(commandId, "invalid", text, name))).toEqual(
          plain({ type: "error", id: commandId, code: "invalid", message: text, topic: name }),
        );
        const publication = encodePublication(
          { topic: name, event: "message", message: text, store: true },
          offset + 1,
          5,
        );
        const fields = encodeHistoryFields(name, "e-1", offset, [publication, publication]);
        expect(read(encodeHistory(commandId, fields))).toEqual(
          plain({
            type: "history",
            id: commandId,
            ...at,
            publications: [read(publication.frame), read(publication.frame)],
          }),
        );
      }),
    );
  });

  test("no text makes decoding throw, and every refusal has a reason", () => {
    const almost = fc.jsonValue().map((value) => JSON.stringify(value));
    const command = fc.record(
      {
        type: fc.constantFrom("subscribe", "publish", "history", "response", 5),
        topic: fc.jsonValue(),
        id: fc.jsonValue(),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: "binary" }),
          almost,
          almost.map((text) => `{"type":${text}}`),
          command.map((value) => JSON.stringify(value)),
          fc.string().map((text) => `{${text}`),
        ),
        (text) => {
          const inbound = decodeText(text);
          const isObject = /^[ \t\r\n]*\{/.test(text);
          if (!isObject) expect(inbound).toEqual({ kind: "chat", chat: { message: text } });
          if (inbound.kind === "bad") expect(inbound.failure.message.length).toBeGreaterThan(5);
        },
      ),
      { numRuns: 300 },
    );
  });
});
