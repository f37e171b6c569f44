import { codeOfStatus, FanfareError } from "./errors.ts";
import { type AnswerFrame, classify, isObject } from "./frames.ts";
import type { Fetch } from "./platform.ts";
import type { Command } from "./transport.ts";

export interface HttpOptions {
  readonly fetch: Fetch;
  /** Without a trailing slash. */
  readonly baseUrl: string;
  readonly token: string | null;
  /** Whom a publication is from; null leaves that to the server. */
  readonly sender: string | null;
}

/**
 * Does by REST what a WebSocket does by a frame, and words the answer as that frame. Rejects with a FanfareError;
 * `unavailable` stands for everything after which the outcome is unknown.
 */
export async function executeOverHttp(
  id: number,
  command: Command,
  options: HttpOptions,
  signal: AbortSignal,
): Promise<AnswerFrame> {
  const response = await request(command, options, signal);
  if (command.type === "ping") return { type: "pong", id };
  const body = await bodyOf(response);
  if (!response.ok) throw errorOf(response.status, body);
  const answer = classify({ ...(isObject(body) ? body : {}), type: ANSWER_TYPES[command.type], id });
  if (answer?.kind !== "frame")
    throw new FanfareError("internal", `the answer to ${command.type} has no known shape`);
  return answer.frame as AnswerFrame;
}

/** The error that a REST answer with a failing status speaks of. */
export function errorOf(status: number, body: unknown): FanfareError {
  const error = isObject(body) && isObject(body.error) ? body.error : {};
  const code = typeof error.code === "string" ? error.code : codeOfStatus(status);
  return new FanfareError(code, typeof error.message === "string" ? error.message : `HTTP status ${status}`);
}

/** The parsed body; null where it is not JSON. Rejects with `unavailable` when the connection breaks within it. */
export async function bodyOf(response: Response): Promise<unknown> {
  const text = await response.text().catch((cause: unknown) => {
    throw new FanfareError("unavailable", "the connection was lost within the answer", { cause });
  });
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

const ANSWER_TYPES = { publish: "ack", history: "history", presence: "presence", status: "status" } as const;

async function request(command: Command, options: HttpOptions, signal: AbortSignal): Promise<Response> {
  const headers: Record<string, string> = { accept: "application/json" };
  if (options.token !== null) headers.authorization = `Bearer ${options.token}`;
  const common = { cache: "no-store", signal } as const;
  try {
    if (command.type !== "publish") {
      return await options.fetch(options.baseUrl + pathOf(command), { ...common, method: "GET", headers });
    }
    headers["content-type"] = "application/json";
    const { json } = command;
    const body =
      options.sender === null ? json : `{"sender":${JSON.stringify(options.sender)},${json.slice(1)}`;
    return await options.fetch(`${options.baseUrl}/publish`, { ...common, method: "POST", headers, body });
  } catch (cause) {
    throw new FanfareError("unavailable", "the server could not be reached", { cause });
  }
}

function pathOf(command: Exclude<Command, { type: "publish" }>): string {
  switch (command.type) {
    case "history": {
      const query = new URLSearchParams();
      if (command.limit !== undefined) query.set("limit", String(command.limit));
      if (command.since !== undefined) query.set("since", `${command.since.epoch}:${command.since.offset}`);
      return `/topics/${encodeURIComponent(command.topic)}/history?${query}`;
    }
    case "presence":
      return `/topics/${encodeURIComponent(command.topic)}/presence`;
    case "status":
      return "/status";
    case "ping":
      return "/health";
  }
}
