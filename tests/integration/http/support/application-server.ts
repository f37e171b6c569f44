import type { Broker } from "../../../../src/broker/port.ts";
import { type Config, createConfig } from "../../../../src/config/index.ts";
import type { Failure } from "../../../../src/core/failure.ts";
import { createHttpApplication } from "../../../../src/http/application.ts";
import type { HttpContext, Page } from "../../../../src/http/context.ts";
import type { Hub } from "../../../../src/hub/hub.ts";
import { createHttpContext } from "../../../../src/lifecycle/http-context.ts";
import { createNode } from "../../../../src/lifecycle/node.ts";
import { createTopicRules } from "../../../../src/lifecycle/topic-policy.ts";
import type { RulesByPattern } from "../../../../src/rules/topic-rules.ts";
import type { UserRegistry } from "../../../../src/session/user-registry.ts";
import type { Counters } from "../../../../src/telemetry/counters.ts";
import { createLog } from "../../../../src/telemetry/log.ts";
import { createTelemetry } from "../../../../src/telemetry/telemetry.ts";

/** A node whose HTTP application alone is served: its parts can be replaced, and its state set. */
export interface ApplicationServer {
  readonly url: string;
  readonly port: number;
  readonly hub: Hub;
  readonly users: UserRegistry;
  readonly counters: Counters;
  /** What was logged as an error. */
  readonly logged: { readonly fields: Readonly<Record<string, unknown>>; readonly message: string }[];
  drainState: "ready" | "draining";
  /** Subscribes to a topic as a WebSocket (format 0) or an event stream (1) would; returns what leaves again. */
  subscribe(topic: string, options?: { format?: number; userId?: string }): () => void;
  fetch(path: string, init?: RequestInit): Promise<Response>;
  /** A POST of JSON; a string is sent as it is. */
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<Response>;
  stop(): Promise<void>;
}

export interface ApplicationOptions {
  readonly config?: Partial<Config>;
  /** Takes the place of methods of the broker. */
  readonly broker?: Partial<Broker>;
  /** What a rules file would say. */
  readonly rules?: RulesByPattern;
  /** Takes the place of parts of what the routes share. */
  readonly context?: Partial<HttpContext>;
}

const testPage: Page = {
  files: [
    {
      path: "/",
      contentType: "text/html; charset=utf-8",
      body: new TextEncoder().encode("<!doctype html><title>Fanfare</title>"),
      etag: '"document"',
      cacheControl: "no-cache",
    },
    {
      path: "/assets/page-0123.js",
      contentType: "text/javascript; charset=utf-8",
      body: new TextEncoder().encode(`/* ${"blank ".repeat(500)}*/`),
      etag: '"script"',
      cacheControl: "public, max-age=31536000, immutable",
    },
    {
      path: "/assets/page-0123.svg",
      contentType: "image/svg+xml",
      body: new TextEncoder().encode('<svg xmlns="http://www.w3.org/2000/svg"/>'),
      etag: '"icon"',
      cacheControl: "public, max-age=31536000, immutable",
    },
  ],
  contentSecurityPolicy: "default-src 'none'; script-src 'self'; frame-ancestors 'none'",
};

export function startApplication(options: ApplicationOptions = {}): ApplicationServer {
  const config = createConfig({ host: "127.0.0.1", port: 0, ...options.config });
  const telemetry = createTelemetry({ version: "1.2.3" });
  const log = createLog({
    level: "critical",
    format: "json",
    directory: null,
    rotationBytes: config.logRotationBytes,
    retentionMs: config.logRetentionMs,
  });
  const node = createNode(config, {
    name: "node-1",
    rules: createTopicRules(config, options.rules ?? new Map()),
    log,
    telemetry,
    events: { opened() {}, ended() {} },
    status: () => ({}),
  });
  Object.assign(node.hub.broker, options.broker);
  const logged: ApplicationServer["logged"] = [];
  const state = { drainState: "ready" as ApplicationServer["drainState"] };
  const metrics = {
    toJson() {
      const json = telemetry.toJson();
      return { ...json, connections: { ...json.connections, active: { websocket: 3, sse: 2 } } };
    },
    toPrometheus: (openMetrics: boolean) => telemetry.toPrometheus(openMetrics),
  };
  const application = createHttpApplication({
    ...createHttpContext(config, node, { telemetry, metrics, log, pageFiles: [] }),
    log: { debug() {}, error: (fields, message) => logged.push({ fields, message }) },
    version: "1.2.3",
    page: testPage,
    drainState: () => state.drainState,
    openEventStream: () => new Response("retry: 1\n\n", { headers: { "content-type": "text/event-stream" } }),
    ...options.context,
  });
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    development: false,
    fetch: (request, bunServer) => application.fetch(request, bunServer),
  });
  const url = `http://127.0.0.1:${server.port}`;
  const request = (path: string, init?: RequestInit) => fetch(url + path, init);
  return {
    url,
    port: server.port!,
    hub: node.hub,
    users: node.users,
    counters: telemetry.counters,
    logged,
    get drainState() {
      return state.drainState;
    },
    set drainState(value) {
      state.drainState = value;
    },
    subscribe(topic, { format = 0, userId } = {}) {
      const subscriber = { format, userId: userId ?? null };
      const outcome = node.hub.subscribe(subscriber, topic, undefined, () => {});
      if (outcome !== null) throw new Error(`not subscribed: ${(outcome as Failure).message}`);
      return () => node.hub.unsubscribe(subscriber, topic);
    },
    fetch: request,
    post: (path, body, headers = {}) =>
      request(path, {
        method: "POST",
        body: typeof body === "string" ? body : JSON.stringify(body),
        headers: { "content-type": "application/json", ...headers },
      }),
    async stop() {
      await server.stop(true);
      await node.close();
      await log.close();
      telemetry.stop();
    },
  };
}
