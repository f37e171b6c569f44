import { CLOSE_ABNORMAL, closeCodeOfStatus } from "./close-codes.ts";
import type { ErrorCode } from "./errors.ts";
import { bodyOf, errorOf } from "./http-commands.ts";
import type { Settings } from "./options.ts";
import type { Fetch } from "./platform.ts";
import type { TopicRequest } from "./transport.ts";

/** The server's limit for a cursor, and a length that proxies let through in an address. */
const CURSOR_CHARACTERS_MAX = 4096;

/** The server would not open the stream. */
export class StreamRefusal extends Error {
  /** The close code that says the same. */
  readonly code: number;
  /** How long the server asks to wait, in ms. */
  readonly retryAfterMs: number;
  /** The server's word for it; null when it gave none. */
  readonly errorCode: ErrorCode | null;

  constructor(code: number, message: string, retryAfterMs: number, errorCode: ErrorCode | null) {
    super(message);
    this.code = code;
    this.retryAfterMs = retryAfterMs;
    this.errorCode = errorCode;
  }
}

export function eventStreamUrl(settings: Settings, topics: readonly TopicRequest[]): string {
  const url = new URL(`${settings.httpUrl}/events`);
  for (const { topic } of topics) url.searchParams.append("topic", topic);
  if (settings.userId !== null) url.searchParams.set("user_id", settings.userId);
  const cursor = cursorOf(topics);
  if (cursor !== "") url.searchParams.set("since", cursor);
  return url.href;
}

/** The bytes of the stream. Rejects with a StreamRefusal, or with whatever fetch says of the network. */
export async function openEventStream(
  fetch: Fetch,
  url: string,
  token: string | null,
  signal: AbortSignal,
): Promise<ReadableStream<Uint8Array>> {
  const response = await fetch(url, { ...requestOf("GET", token), signal });
  if (!response.ok) throw await refusalOf(response);
  if (response.body === null || !response.headers.get("content-type")?.startsWith("text/event-stream")) {
    throw new StreamRefusal(CLOSE_ABNORMAL, "the answer is not an event stream", 0, null);
  }
  return response.body;
}

/** Finds out whether the server would let a stream be opened, without opening one. Rejects as `openEventStream`. */
export async function knock(
  fetch: Fetch,
  url: string,
  token: string | null,
  signal: AbortSignal,
): Promise<void> {
  const { ok } = await fetch(url, { ...requestOf("HEAD", token), signal });
  // The reason is in the body, which this answer has not.
  if (!ok) throw await refusalOf(await fetch(url, { ...requestOf("GET", token), signal }));
}

function requestOf(method: "GET" | "HEAD", token: string | null) {
  const headers: Record<string, string> = { accept: "text/event-stream" };
  if (token !== null) headers.authorization = `Bearer ${token}`;
  return { method, headers, cache: "no-store" } as const;
}

async function refusalOf(response: Response): Promise<StreamRefusal> {
  const { code, message } = errorOf(response.status, await bodyOf(response));
  const retryAfterMs = 1000 * (Number(response.headers.get("retry-after")) || 0);
  return new StreamRefusal(closeCodeOfStatus(response.status), message, retryAfterMs, code);
}

/**
 * Positions as the server takes them, `topic:epoch:offset` joined by commas. Those that no longer fit are left out:
 * their topics start live, and the difference is reported as a break.
 */
function cursorOf(topics: readonly TopicRequest[]): string {
  let cursor = "";
  for (const { topic, since } of topics) {
    if (since === null) continue;
    const entry = `${cursor === "" ? "" : ","}${topic}:${since.epoch}:${since.offset}`;
    if (cursor.length + entry.length <= CURSOR_CHARACTERS_MAX) cursor += entry;
  }
  return cursor;
}
