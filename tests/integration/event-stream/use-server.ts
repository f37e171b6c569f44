import { afterAll, afterEach, beforeAll } from "bun:test";
import type { Config } from "../../../src/config/index.ts";
import type { RunningServer } from "../../../src/lifecycle/server.ts";
import { startTestServer } from "../../support/server.ts";
import { type Frame, WebSocketClient } from "../../support/websocket-client.ts";
import { EventStreamClient, type ServerSentEvent } from "./event-stream-client.ts";

export interface ServerInUse {
  readonly url: string;
  /** Opens a stream and takes its first event; it is closed after the test. */
  read(
    query: string,
    headers?: Record<string, string>,
  ): Promise<EventStreamClient & { first: ServerSentEvent }>;
  /** Connects a WebSocket and takes its welcome; it is closed after the test. */
  connect(query: string): Promise<WebSocketClient & { welcome: Frame }>;
  publish(topic: string, messages: readonly string[], more?: Frame): Promise<Frame[]>;
  clearHistory(topic: string): Promise<void>;
}

/** One server for all tests of a file. */
export function useServer(overrides: Partial<Config> = {}): ServerInUse {
  let server: RunningServer;
  let publisher: WebSocketClient;
  const clients: { close(): Promise<void> }[] = [];
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
    async read(query, headers) {
      const client = await EventStreamClient.subscribed(server.url, query, headers);
      clients.push(client);
      return client;
    },
    async connect(query) {
      const client = await WebSocketClient.welcomed(server.url, query);
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
  return `stream-${++topics}`;
}

export function texts(count: number, first = 1): string[] {
  return Array.from({ length: count }, (_, index) => `m${first + index}`);
}

export function offsetsOf(events: readonly ServerSentEvent[]): number[] {
  return events.map(({ data }) => data.offset);
}
