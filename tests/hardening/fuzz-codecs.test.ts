import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { decodeLine, decodeMessage, encodeLine } from "../../src/broker/redis/codec.ts";
import { EventStreamParser, type ServerSentEvent } from "../../src/client/event-stream-parser.ts";
import { decodeEnvelope, encodeEnvelope } from "../../src/cluster/envelope.ts";
import { bounds } from "../../src/core/bounds.ts";
import { cursorSegment, joinCursor, parseCursor, topicHash } from "../../src/core/cursor.ts";
import { errorCodes } from "../../src/core/errors.ts";
import { Failure } from "../../src/core/failure.ts";
import { parseRange } from "../../src/core/network-address.ts";
import { parsePosition } from "../../src/core/position.ts";
import type { PublishRequest } from "../../src/core/publication.ts";
import { readBatchItem, readPublishOrder } from "../../src/http/read-publication.ts";
import { clientOf } from "../../src/limits/client-address.ts";
import { decodeText, type Inbound } from "../../src/protocol/decode.ts";
import { encodeError, encodePublication } from "../../src/protocol/encode.ts";
import { encodeEvent } from "../../src/protocol/event-stream.ts";
import { readWebSocketQuery } from "../../src/session/handshake.ts";
import { formatText } from "../../src/telemetry/log-format.ts";
import { redactUrl } from "../../src/telemetry/redact.ts";
import { readEventStreamRequest } from "../../src/transport/event-stream-request.ts";
import { epochOf, eventOf, jsonOf, mutate, textOf, topicOf } from "./support/hostile-text.ts";
import { SeededRandom } from "./support/seeded-random.ts";

/** Inputs of one run, in all. */
const inputsMin = 1_000_000;

setDefaultTimeout(60_000);

const random = new SeededRandom();
let inputs = 0;
console.log(`fuzz-codecs: FUZZ_SEED=${random.seed}`);

/** Calls it so often; what fails is shown with the text that made it fail. */
function each(count: number, check: (index: number) => void): void {
  for (let index = 0; index < count; index++) check(index);
  inputs += count;
}

/** Cheaper than `expect` a million times over. */
function demand(holds: boolean, what: string, text: unknown): void {
  if (!holds) throw new Error(`${what}, FUZZ_SEED=${random.seed}: ${JSON.stringify(text)}`);
}

function isReadable(failure: Failure): boolean {
  return errorCodes.includes(failure.code) && failure.message.length > 5 && failure.message.length < 300;
}

function publishOf(): PublishRequest {
  const withMessage = !random.oneIn(3);
  return {
    topic: topicOf(random),
    event: eventOf(random),
    message: withMessage ? textOf(random) : undefined,
    data: withMessage && random.oneIn(2) ? undefined : jsonOf(random),
    sender: random.oneIn(2) ? textOf(random) : undefined,
    key: random.oneIn(4) ? `k${textOf(random, 10)}` : undefined,
    correlationId: random.oneIn(4) ? `c${textOf(random, 10)}` : undefined,
    tags: random.oneIn(4) ? { a: textOf(random, 6) } : undefined,
    store: true,
  };
}

/** A frame of a client, as an object with its fields in the order of its text. */
function frameOf(): Record<string, unknown> {
  const id = random.oneIn(2) ? random.below(1000) : `i${random.below(1000)}`;
  const topic = topicOf(random);
  switch (random.below(7)) {
    case 0:
      return { type: "subscribe", id, topic, since: { epoch: epochOf(random), offset: random.below(1e6) } };
    case 1:
      return { type: "subscribe", id, topics: [topic, topicOf(random)] };
    case 2:
      return { type: "history", id, topic, limit: random.below(1000) };
    case 3:
      return { type: "response", correlation_id: "c", data: jsonOf(random), final: random.oneIn(2) };
    case 4:
      return { id, message: textOf(random), data: jsonOf(random) };
    default:
      return {
        type: "publish",
        id,
        topic,
        event: eventOf(random),
        message: textOf(random),
        data: jsonOf(random),
      };
  }
}

function checkInbound(inbound: Inbound, text: string): void {
  if (inbound.kind !== "bad") return;
  demand(isReadable(inbound.failure), "a refusal that says nothing", text);
  const answer = JSON.parse(encodeError(inbound.id, inbound.failure.code, inbound.failure.message));
  demand(answer.id === inbound.id, "an id that changed on the way", text);
}

describe("frames of clients", () => {
  test("are read as they were written", () => {
    each(150_000, () => {
      const frame = frameOf();
      const text = JSON.stringify(frame);
      const inbound = decodeText(text);
      const read =
        inbound.kind === "command" ? inbound.command : inbound.kind === "chat" ? inbound.chat : null;
      demand(JSON.stringify(read) === text, `a frame that is read as ${inbound.kind}`, text);
    });
  });

  test("that are damaged make nothing throw", () => {
    each(300_000, () => {
      const text = mutate(random, JSON.stringify(frameOf()));
      checkInbound(decodeText(text), text);
    });
  });

  test("that are no frames at all make nothing throw", () => {
    each(150_000, (index) => {
      const text = index % 2 === 0 ? textOf(random, 60) : `{${textOf(random, 40)}`;
      checkInbound(decodeText(text), text);
    });
  });
});

describe("publications", () => {
  test("are the JSON of what was published, and one event of a stream each", () => {
    const events: ServerSentEvent[] = [];
    const parser = new EventStreamParser((event) => events.push(event), 1_000_000);
    each(100_000, (index) => {
      const request = publishOf();
      const { frame, bytes, type } = encodePublication(request, index + 1, index);
      const read = JSON.parse(frame);
      const { sender, message, data, key, correlationId, tags } = request;
      const fields = [read.sender, read.message, read.data, read.key, read.correlation_id, read.tags];
      const expected = JSON.stringify([sender, message, data, key, correlationId, tags]);
      demand(JSON.stringify(fields) === expected, "another publication", frame);
      demand(
        read.topic === request.topic && read.offset === index + 1 && read.ts === index,
        "a wrong place",
        frame,
      );
      demand(Buffer.byteLength(frame) === bytes, "a wrong size", frame);
      const cursor = joinCursor([cursorSegment(topicHash("t"), "e", index)]);
      const text = encodeEvent(type, cursor, frame);
      const cut = random.below(text.length);
      parser.push(text.slice(0, cut));
      parser.push(text.slice(cut));
      const [event, ...others] = events.splice(0);
      demand(others.length === 0 && event?.data === frame && event.type === type, "another event", text);
      demand(event?.lastEventId === cursor, "another cursor", text);
    });
  });

  test("over REST are read as they were written, and what is damaged makes nothing throw", () => {
    const limits = { maxFrameBytes: 65_536, batchMax: 10 };
    each(100_000, (index) => {
      const { topic, event, message, data, key, tags } = publishOf();
      const body: unknown = JSON.parse(JSON.stringify({ topic, event, message, data, key, tags }));
      const value =
        index % 2 === 0
          ? body
          : { ...(body as object), [random.pick(["topic", "event", "key"])]: jsonOf(random) };
      const order = readPublishOrder(value, 100, limits);
      const item = readBatchItem(value, 100, limits);
      if (order instanceof Failure || item instanceof Failure) {
        demand(index % 2 === 1 && order instanceof Failure && item instanceof Failure, "a refusal", value);
        demand(isReadable(order as Failure), "a refusal that says nothing", value);
        return;
      }
      const read = order.requests[0]!;
      demand(
        JSON.stringify(read.data) === JSON.stringify((value as { data?: unknown }).data),
        "other data",
        value,
      );
    });
  });

  test("in Redis are read as they were written; what others write there makes nothing throw", () => {
    each(60_000, (index) => {
      const request = publishOf();
      const line = encodeLine(request, index);
      const received = decodeLine(request.topic, line, index + 1);
      demand(
        received?.publication.frame === encodePublication(request, index + 1, index).frame,
        "another line",
        line,
      );
      const damaged = mutate(random, line);
      const other = decodeLine(request.topic, damaged, index + 1);
      if (other !== null)
        demand(JSON.parse(other.publication.frame).topic === request.topic, "another topic", damaged);
      decodeMessage(mutate(random, `p${epochOf(random)} 1 1\n${line}`));
    });
  });
});

describe("what else comes from outside", () => {
  test("cursors are read as they were written, and what is none makes nothing throw", () => {
    each(60_000, (index) => {
      const [topic, epoch, offset] = [topicOf(random), epochOf(random), random.below(2 ** 31)];
      const opaque = joinCursor([cursorSegment(topicHash(topic), epoch, offset)]);
      const written = index % 2 === 0 ? opaque : `${topic}:${epoch}:${offset}`;
      const cursor = parseCursor(written);
      demand(!(cursor instanceof Failure), "a cursor that is none", written);
      const position = (cursor as Exclude<typeof cursor, Failure>).positionOf(topic);
      demand(position?.epoch === epoch && position.offset === offset, "another position", written);
      const damaged = mutate(random, written);
      const other = parseCursor(damaged);
      if (other instanceof Failure) demand(isReadable(other), "a refusal that says nothing", damaged);
      else other.positionOf(topic);
      parsePosition(damaged);
    });
  });

  test("queries make nothing throw", () => {
    each(60_000, () => {
      const query = new URLSearchParams(
        mutate(
          random,
          `topics=${topicOf(random)}&user_id=a&client=user&since=${textOf(random, 10)}&name=n&topic=b`,
        ),
      );
      for (const read of [
        readWebSocketQuery(query, 10),
        readEventStreamRequest(query, random.oneIn(2) ? textOf(random) : null, 10),
      ]) {
        if (read instanceof Failure)
          demand(isReadable(read), "a refusal that says nothing", query.toString());
        else demand((read.topics ?? []).length <= 10, "too many topics", query.toString());
      }
    });
  });

  test("addresses, messages between nodes and addresses in logs make nothing throw", () => {
    const trusted = [parseRange("10.0.0.0/8")!];
    each(60_000, () => {
      const hops = mutate(random, "1.2.3.4, [2001:db8::1]:80, 10.0.0.1");
      const client = clientOf("10.0.0.9", hops, trusted);
      demand(client !== null && /^[0-9a-f.:/]{1,45}$/.test(client), "a client that is none", hops);
      parseRange(mutate(random, "2001:db8::/32"));
      const envelope = { t: "notice", f: "n", k: textOf(random, 5) || "k", p: jsonOf(random) } as const;
      const written = encodeEnvelope(envelope);
      demand(JSON.stringify(decodeEnvelope(written, 1e6)) === written, "another message", written);
      decodeEnvelope(mutate(random, written), 1e6);
      const token = `secret${random.below(1e6)}`;
      const url = redactUrl(`/ws?${mutate(random, "a=b")}&token=${token}`);
      demand(!url.includes(token), "a token that is logged", url);
    });
  });

  test("lines of the log stay lines, whatever is in them", () => {
    each(20_000, () => {
      const record = {
        level: "INFO",
        time: "now",
        msg: textOf(random, 60),
        [textOf(random, 8)]: jsonOf(random),
      };
      const line = formatText(`${JSON.stringify(record)}\n`, false);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what must not be there.
      demand(/^[^\u0000-\u001f\u007f-\u009f\u2028\u2029]*\n$/.test(line), "another line", line);
    });
  });

  test("bounds hold for whatever is echoed", () => {
    each(10_000, () => {
      const inbound = decodeText(JSON.stringify({ type: "publish", id: textOf(random, 120), topic: 5 }));
      if (inbound.kind !== "bad") throw new Error("a topic that is a number was taken");
      demand(String(inbound.id ?? "").length <= bounds.commandId, "an id beyond its bound", inbound.id);
    });
  });
});

afterAll(() => {
  expect(inputs).toBeGreaterThanOrEqual(inputsMin);
});
