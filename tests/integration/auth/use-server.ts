import { afterAll, afterEach, beforeAll } from "bun:test";
import type { Config } from "../../../src/config/index.ts";
import type { RunningServer } from "../../../src/lifecycle/server.ts";
import { startTestServer } from "../../support/server.ts";
import { secretIssuer, testSecret } from "../../support/tokens.ts";
import { WebSocketClient } from "../../support/websocket-client.ts";
import { EventStreamClient } from "../event-stream/event-stream-client.ts";

/** A server's keys, one of all scopes and one of each. */
export const keys = {
  all: "key-of-all-scopes-0123",
  publish: "key-that-publishes-0123",
  subscribe: "key-that-reads-0123456",
  admin: "key-that-administers-0123",
} as const;

export const apiKeys = [
  `all:${keys.all}`,
  `publish:${keys.publish}:publish`,
  `subscribe:${keys.subscribe}:subscribe`,
  `admin:${keys.admin}:admin`,
];

export const issuer = secretIssuer();

/** A token with these grants. */
export function token(fanfare: object = {}, claims: Record<string, unknown> = {}): Promise<string> {
  return issuer.issue({ fanfare, ...claims });
}

export const bearer = (credential: string) => ({ authorization: `Bearer ${credential}` });

/** One server for all tests of a file, that takes tokens and keys unless the settings say otherwise. */
export function useServer(overrides: Partial<Config> = {}) {
  let server: RunningServer;
  const clients: { close(): Promise<void> }[] = [];
  beforeAll(async () => {
    server = await startTestServer({ jwtSecret: testSecret, apiKeys, jwtClockSkewMs: 0, ...overrides });
  });
  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.close()));
  });
  afterAll(async () => {
    await server.stop();
  });
  const request = (path: string, init: RequestInit = {}, credential?: string) => {
    const headers = { ...(credential === undefined ? {} : bearer(credential)), ...init.headers };
    return fetch(server.url + path, { ...init, headers });
  };
  return {
    get server() {
      return server;
    },
    get url() {
      return server.url;
    },
    /** Opens a WebSocket with a credential in `Authorization`; nothing of what it is sent is taken. */
    async open(query = "topics=", credential?: string): Promise<WebSocketClient> {
      const headers = credential === undefined ? undefined : bearer(credential);
      const client = await WebSocketClient.open(server.url, query, headers);
      clients.push(client);
      return client;
    },
    /** Opens one with grants, and takes its welcome. */
    async enter(fanfare: object, query = "topics=", claims: Record<string, unknown> = {}) {
      const client = await this.open(query, await token(fanfare, claims));
      return Object.assign(client, { welcome: await client.next("welcome") });
    },
    async stream(query: string, headers: Record<string, string> = {}): Promise<EventStreamClient> {
      const client = await EventStreamClient.open(server.url, query, headers);
      clients.push(client);
      return client;
    },
    request,
    /** The status and the JSON of an answer. */
    async ask(path: string, credential?: string, init: RequestInit = {}) {
      const response = await request(path, init, credential);
      const text = await response.text();
      return {
        status: response.status,
        headers: response.headers,
        body: text === "" ? null : JSON.parse(text),
      };
    },
    /** A POST of JSON. */
    post(path: string, body: unknown, credential?: string) {
      const headers = { "content-type": "application/json" };
      return this.ask(path, credential, { method: "POST", headers, body: JSON.stringify(body) });
    },
    /** Publishes with a key that may. */
    async publish(topic: string, message: string) {
      const { status, body } = await this.post("/publish", { topic, message }, keys.all);
      if (status !== 200) throw new Error(JSON.stringify(body));
      return body as { epoch: string; offset: number };
    },
  };
}
