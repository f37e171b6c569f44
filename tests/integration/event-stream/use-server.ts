import { afterEach } from "bun:test";
import type { Config } from "../../../src/config/index.ts";
import * as webSocket from "../websocket/use-server.ts";
import { EventStreamClient, type ServerSentEvent } from "./event-stream-client.ts";

export { freshTopic, texts } from "../websocket/use-server.ts";

export interface ServerInUse extends webSocket.ServerInUse {
  /** Opens a stream and takes its first event; it is closed after the test. */
  read(
    query: string,
    headers?: Record<string, string>,
  ): Promise<EventStreamClient & { first: ServerSentEvent }>;
}

/** One server for all tests of a file. */
export function useServer(overrides: Partial<Config> = {}): ServerInUse {
  const server = webSocket.useServer(overrides);
  const streams: EventStreamClient[] = [];
  afterEach(async () => {
    await Promise.all(streams.splice(0).map((stream) => stream.close()));
  });
  return Object.assign(server, {
    async read(query: string, headers?: Record<string, string>) {
      const stream = await EventStreamClient.subscribed(server.url, query, headers);
      streams.push(stream);
      return stream;
    },
  });
}

export function offsetsOf(events: readonly ServerSentEvent[]): number[] {
  return events.map(({ data }) => data.offset);
}
