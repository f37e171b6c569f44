import { afterAll, afterEach, beforeAll } from "bun:test";
import type { Config } from "../../../src/config/index.ts";
import type { RunningServer } from "../../../src/lifecycle/server.ts";
import { startTestServer } from "../../support/server.ts";
import { type Frame, WebSocketClient } from "../../support/websocket-client.ts";

export type Client = WebSocketClient & { readonly welcome: Frame };

export interface ServerInUse {
  readonly url: string;
  /** Connects and takes the welcome; the client is closed after the test. */
  connect(query?: string): Promise<Client>;
  /** Connects; the welcome is left to the test. */
  open(query?: string, headers?: Record<string, string>): Promise<WebSocketClient>;
  /** Publishes over a connection of its own; resolves with the acks. */
  publish(topic: string, messages: readonly string[], more?: Frame): Promise<Frame[]>;
  clearHistory(topic: string): Promise<void>;
}

/** One server for all tests of a file. */
export function useServer(overrides: Partial<Config> = {}): ServerInUse {
  let server: RunningServer;
  let publisher: WebSocketClient;
  const clients: WebSocketClient[] = [];
  beforeAll(async () => {
    server = await startTestServer(overrides);
    publisher = await WebSocketClient.welcomed(server.url, "topics=");
  });
  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.close()));
  });
  afterAll(async () => {
    await publisher.close();
    await server.stop();
  });
  return {
    get url() {
      return server.url;
    },
    async connect(query = "topics=") {
      const client = await WebSocketClient.welcomed(server.url, query);
      clients.push(client);
      return client;
    },
    async open(query = "", headers) {
      const client = await WebSocketClient.open(server.url, query, headers);
      clients.push(client);
      return client;
    },
    async publish(topic, messages, more = {}) {
      return await Promise.all(
        messages.map((message) => publisher.request({ type: "publish", topic, message, ...more })),
      );
    },
    async clearHistory(topic) {
      const response = await fetch(`${server.url}/topics/${topic}/history`, { method: "DELETE" });
      if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
    },
  };
}

let topics = 0;

/** A topic that no other test uses. */
export function freshTopic(): string {
  return `topic-${++topics}`;
}

export function texts(count: number, first = 1): string[] {
  return Array.from({ length: count }, (_, index) => `m${first + index}`);
}

/** Takes so many publications of a topic. */
export async function takePublications(
  client: WebSocketClient,
  topic: string,
  count: number,
): Promise<Frame[]> {
  const frames: Frame[] = [];
  while (frames.length < count) {
    frames.push(await client.next((frame) => frame.topic === topic && "ts" in frame));
  }
  return frames;
}

/** What came of a topic, in its order: offsets, and for a subscribed frame its answer. */
export function story(client: WebSocketClient, topic: string): (number | string)[] {
  return client.received.flatMap((frame) => {
    if (frame.topic !== topic) return [];
    if ("ts" in frame) return [frame.offset ?? "unstored"];
    if (frame.type !== "subscribed") return [];
    return [`subscribed@${frame.offset}${frame.recovered === undefined ? "" : ` ${frame.recovered}`}`];
  });
}
