import { afterEach, beforeEach } from "bun:test";
import { FanfareClient, type FanfareOptions, type Publication } from "../../../../src/client/index.ts";
import { CountingClock } from "./counting-clock.ts";
import { StandInServer } from "./stand-in-server.ts";

/** A stand-in server for each test, and clients that are closed after it. Call at the top of a test file. */
export function setUp() {
  const clients: FanfareClient[] = [];
  const current = { server: new StandInServer(), clock: new CountingClock() };
  void current.server.stop();

  beforeEach(() => {
    current.server = new StandInServer();
    current.clock = new CountingClock();
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) client.close();
    await current.server.stop();
  });

  return {
    get server() {
      return current.server;
    },
    get clock() {
      return current.clock;
    },
    /** A client with delays of a few milliseconds. */
    createClient(options: FanfareOptions = {}): FanfareClient {
      const { server, clock } = current;
      const client = new FanfareClient({ url: server.url, clock, minDelayMs: 2, maxDelayMs: 20, ...options });
      clients.push(client);
      return client;
    },
  };
}

/** Collects what a client gets of a topic. */
export function collect(client: FanfareClient, topic: string) {
  const offsets: (number | undefined)[] = [];
  const publications: Publication[] = [];
  const breaks: string[] = [];
  const subscription = client.subscribe(topic, {
    onPublication: (publication) => {
      publications.push(publication);
      offsets.push(publication.offset);
    },
    onBreak: ({ from, to }) => breaks.push(`${from.epoch}:${from.offset} ${to.epoch}:${to.offset}`),
  });
  return { subscription, publications, offsets, breaks };
}

/** How a promise ended: its value, or the code of its FanfareError. */
export async function outcomeOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    return await promise;
  } catch (error) {
    return (error as { code?: unknown }).code ?? error;
  }
}
