import { expect, test } from "bun:test";
import {
  type AcknowledgedPublish,
  assertHistory,
  type LogEntry,
  type ServerFrame,
} from "../../support/history-checker.ts";
import { startTestServer } from "../../support/server.ts";
import { until } from "../../support/until.ts";
import { WebSocketClient } from "../../support/websocket-client.ts";

const topics = ["red", "green", "blue"];
const subscribers = 200;
const publishers = 4;
const rounds = 25;
const perRound = 8;

/** A subscriber which goes now and then, and resumes where it was. */
class Wanderer {
  readonly name: string;
  readonly entries: LogEntry[] = [];
  readonly #url: string;
  readonly #positions = new Map<string, { epoch: string; offset: number }>();
  #client: WebSocketClient | null = null;

  constructor(name: string, url: string) {
    this.name = name;
    this.#url = url;
  }

  async connect(): Promise<void> {
    const since = [...this.#positions]
      .map(([topic, { epoch, offset }]) => `${topic}:${epoch}:${offset}`)
      .join(",");
    this.#client = await WebSocketClient.welcomed(this.#url, `topics=${topics.join(",")}&since=${since}`);
  }

  /** Leaves, taking with it what it was sent until now. */
  async disconnect(): Promise<void> {
    const client = this.#client!;
    this.#client = null;
    await client.close();
    for (const frame of client.received) this.#take(frame as ServerFrame);
    this.entries.push({ kind: "disconnected" });
  }

  hasReached(topic: string, offset: number): boolean {
    return this.#client?.received.some((frame) => frame.topic === topic && frame.offset === offset) === true;
  }

  /** What it got over the connection that it still has. */
  finish(): void {
    for (const frame of this.#client!.received) this.#take(frame as ServerFrame);
  }

  async close(): Promise<void> {
    await this.#client?.close();
  }

  #take(frame: ServerFrame): void {
    this.entries.push({ kind: "frame", frame });
    if (frame.type === "welcome") {
      for (const { topic, epoch, offset, recovered } of frame.topics as Record<string, never>[]) {
        const before = this.#positions.get(topic!);
        this.#positions.set(
          topic!,
          recovered === true && before !== undefined ? before : { epoch: epoch!, offset: offset! },
        );
      }
    } else if (typeof frame.offset === "number" && "ts" in frame) {
      const topic = String(frame.topic);
      this.#positions.set(topic, { epoch: this.#positions.get(topic)!.epoch, offset: frame.offset });
    }
  }
}

test("two hundred subscribers that come and go and four publishers: one order for all, nothing lost, nothing twice", async () => {
  const server = await startTestServer();
  const wanderers = Array.from({ length: subscribers }, (_, index) => new Wanderer(`s${index}`, server.url));
  const clients = await Promise.all(
    Array.from({ length: publishers }, (_, index) =>
      WebSocketClient.welcomed(server.url, `topics=&name=p${index}`),
    ),
  );
  try {
    await Promise.all(wanderers.map((wanderer) => wanderer.connect()));
    const acks: AcknowledgedPublish[] = [];
    const publish = async (index: number, round: number) => {
      for (let number = 0; number < perRound; number++) {
        const topic = topics[(index + number) % topics.length]!;
        const message = `${index}/${round}/${number}`;
        const { epoch, offset } = await clients[index]!.request({ type: "publish", topic, message });
        acks.push({ publisher: `p${index}/${topic}`, topic, epoch, offset, message });
      }
    };
    for (let round = 0; round < rounds; round++) {
      const away = wanderers.filter((_, index) => index % rounds === round);
      await Promise.all([
        ...clients.map((_, index) => publish(index, round)),
        ...away.map(async (wanderer) => {
          await wanderer.disconnect();
          await wanderer.connect();
        }),
      ]);
    }
    const tops = topics.map((topic) =>
      Math.max(...acks.map((ack) => (ack.topic === topic ? ack.offset : 0))),
    );
    await until(() =>
      wanderers.every((wanderer) => topics.every((topic, index) => wanderer.hasReached(topic, tops[index]!))),
    );
    for (const wanderer of wanderers) wanderer.finish();
    const logs = wanderers.map(({ name, entries }) => ({ subscriber: name, entries }));
    const report = assertHistory(logs, acks);
    expect(report.breaks).toBe(0);
    expect(acks).toHaveLength(publishers * rounds * perRound);
    expect(report.deliveries).toBe(subscribers * acks.length);
  } finally {
    await Promise.all([...wanderers, ...clients].map((one) => one.close()));
    await server.stop();
  }
}, 20_000);
