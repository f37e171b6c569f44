import type { Random } from "./backoff.ts";
import { type Clock, systemClock } from "./clock.ts";
import { FanfareError } from "./errors.ts";
import type { Fetch, WebSocketConstructor } from "./platform.ts";
import type { TransportName } from "./types.ts";

export type Token = string | (() => string | Promise<string>);

/** All times in ms. */
export interface FanfareOptions {
  /** `ws:`, `wss:`, `http:` or `https:`; without a path, `/ws`. Default: `/ws` of the page's own address. */
  readonly url?: string | undefined;
  /** Where `/events`, `/publish` and `/topics` are. Default: `url` without its last path segment. */
  readonly httpUrl?: string | undefined;
  readonly userId?: string | undefined;
  readonly name?: string | undefined;
  readonly client?: "admin" | "user" | undefined;
  /** A function is called for every attempt to connect, and again when the server refuses the token. */
  readonly token?: Token | undefined;
  /** In the order in which they are tried. Default: `["websocket", "sse"]`. */
  readonly transports?: readonly TransportName[] | undefined;
  /** The range of the first delay before connecting again; it doubles with every failure. Default 500. */
  readonly minDelayMs?: number | undefined;
  /** The widest range of delays. Default 30,000. */
  readonly maxDelayMs?: number | undefined;
  /** A connection that has lasted so long counts as stable: delays start over. Default 5000. */
  readonly stableAfterMs?: number | undefined;
  /** How long one attempt may take, the token included. Default 10,000. */
  readonly connectTimeoutMs?: number | undefined;
  /** How long a pong may take before the connection counts as dead. Default 10,000. */
  readonly pongTimeoutMs?: number | undefined;
  /** An event stream without a byte (a heartbeat is one) for so long counts as dead. Default 60,000. */
  readonly streamSilenceMs?: number | undefined;
  /** How long history, presence, ping and status may take, waiting for a connection included. Default 10,000. */
  readonly requestTimeoutMs?: number | undefined;
  /** How long a publish may take, all its tries included; at most 240,000, as keys are remembered for 300,000. Default 30,000. */
  readonly publishTimeoutMs?: number | undefined;
  /** How long a publish waits for its ack before it is sent again with the same key. Default 5000. */
  readonly ackTimeoutMs?: number | undefined;
  /** How many commands may wait for a connection or an answer; more are refused with `queue_full`. Default 1000. */
  readonly queueMax?: number | undefined;
  /** The server's MAX_FRAME: longer commands are refused here, as the server would close the connection. Default 65,536. */
  readonly maxFrameBytes?: number | undefined;
  /** The server's SSE_TOPICS_MAX. Default 32. */
  readonly sseTopicsMax?: number | undefined;
  /** In [0, 1). Default Math.random. */
  readonly random?: Random | undefined;
  readonly clock?: Clock | undefined;
  /** Default: the platform's. */
  readonly WebSocket?: WebSocketConstructor | undefined;
  /** Default: the platform's. */
  readonly fetch?: Fetch | undefined;
}

/** The options with every default filled in. */
export interface Settings {
  readonly websocketUrl: URL;
  /** Without a trailing slash. */
  readonly httpUrl: string;
  readonly userId: string | null;
  readonly name: string | null;
  readonly client: "admin" | "user" | null;
  readonly token: Token | null;
  /** Those that the platform has. */
  readonly transports: readonly TransportName[];
  readonly minDelayMs: number;
  readonly maxDelayMs: number;
  readonly stableAfterMs: number;
  readonly connectTimeoutMs: number;
  readonly pongTimeoutMs: number;
  readonly streamSilenceMs: number;
  readonly requestTimeoutMs: number;
  readonly publishTimeoutMs: number;
  readonly ackTimeoutMs: number;
  readonly queueMax: number;
  readonly maxFrameBytes: number;
  readonly sseTopicsMax: number;
  readonly random: Random;
  readonly clock: Clock;
  readonly WebSocket: WebSocketConstructor | null;
  readonly fetch: Fetch | null;
}

const PUBLISH_TIMEOUT_MAX_MS = 240_000;

/** Throws a FanfareError `bad_request` for an option that makes no sense. */
export function resolveOptions(options: FanfareOptions): Settings {
  const platformWebSocket = (globalThis as { WebSocket?: WebSocketConstructor }).WebSocket;
  const WebSocket = options.WebSocket ?? platformWebSocket ?? null;
  // Called as a method of anything but the global object, the browsers' fetch throws.
  const fetch =
    options.fetch ?? (typeof globalThis.fetch === "function" ? globalThis.fetch.bind(globalThis) : null);
  const available: Record<TransportName, boolean> = { websocket: WebSocket !== null, sse: fetch !== null };
  const wanted = options.transports ?? ["websocket", "sse"];
  const websocketUrl = resolveUrl(options.url);
  const minDelayMs = positive("minDelayMs", options.minDelayMs ?? 500);
  const publishTimeoutMs = positive("publishTimeoutMs", options.publishTimeoutMs ?? 30_000);
  if (publishTimeoutMs > PUBLISH_TIMEOUT_MAX_MS) {
    throw new FanfareError("bad_request", `publishTimeoutMs: at most ${PUBLISH_TIMEOUT_MAX_MS}`);
  }
  return {
    websocketUrl,
    httpUrl: (options.httpUrl ?? httpUrlOf(websocketUrl)).replace(/\/+$/, ""),
    userId: options.userId ?? null,
    name: options.name ?? null,
    client: options.client ?? null,
    token: options.token ?? null,
    transports: [...new Set(wanted)].filter((name) => available[name]),
    minDelayMs,
    maxDelayMs: Math.max(minDelayMs, positive("maxDelayMs", options.maxDelayMs ?? 30_000)),
    stableAfterMs: positive("stableAfterMs", options.stableAfterMs ?? 5000),
    connectTimeoutMs: positive("connectTimeoutMs", options.connectTimeoutMs ?? 10_000),
    pongTimeoutMs: positive("pongTimeoutMs", options.pongTimeoutMs ?? 10_000),
    streamSilenceMs: positive("streamSilenceMs", options.streamSilenceMs ?? 60_000),
    requestTimeoutMs: positive("requestTimeoutMs", options.requestTimeoutMs ?? 10_000),
    publishTimeoutMs,
    ackTimeoutMs: positive("ackTimeoutMs", options.ackTimeoutMs ?? 5000),
    queueMax: positive("queueMax", options.queueMax ?? 1000),
    maxFrameBytes: positive("maxFrameBytes", options.maxFrameBytes ?? 65_536),
    sseTopicsMax: positive("sseTopicsMax", options.sseTopicsMax ?? 32),
    random: options.random ?? Math.random,
    clock: options.clock ?? systemClock,
    WebSocket,
    fetch,
  };
}

function positive(name: string, value: number): number {
  if (Number.isFinite(value) && value > 0) return value;
  throw new FanfareError("bad_request", `${name}: must be a number above 0, not ${value}`);
}

const WEBSOCKET_PROTOCOLS: Readonly<Record<string, string>> = {
  "ws:": "ws:",
  "wss:": "wss:",
  "http:": "ws:",
  "https:": "wss:",
};

function resolveUrl(given: string | undefined): URL {
  const page = (globalThis as { location?: { href: string } }).location?.href;
  if (given === undefined && page === undefined) {
    throw new FanfareError("bad_request", "url: must be given where there is no page to take it from");
  }
  let url: URL;
  try {
    url = given === undefined ? new URL("/ws", page) : new URL(given, page);
  } catch (cause) {
    throw new FanfareError("bad_request", `url: not an address: ${given}`, { cause });
  }
  const protocol = WEBSOCKET_PROTOCOLS[url.protocol];
  if (protocol === undefined) throw new FanfareError("bad_request", `url: ${url.protocol} is not supported`);
  url.protocol = protocol;
  url.hash = "";
  if (url.pathname === "/") url.pathname = "/ws";
  return url;
}

function httpUrlOf(websocketUrl: URL): string {
  const url = new URL(websocketUrl);
  url.protocol = url.protocol === "wss:" ? "https:" : "http:";
  url.search = "";
  url.pathname = url.pathname.replace(/\/[^/]*\/?$/, "/");
  return url.href;
}
