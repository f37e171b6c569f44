/** The server's codes: one table for WebSocket, SSE and REST. */
export type ServerErrorCode =
  | "bad_request"
  | "unauthorized"
  | "forbidden"
  | "not_found"
  | "conflict"
  | "too_large"
  | "invalid"
  | "rate_limited"
  | "internal"
  | "unavailable"
  | "draining";

/** The SDK's own codes. */
export type ClientErrorCode =
  /** No answer in time; the outcome of a publish is unknown. */
  | "timeout"
  /** The client is closed, or was never connected. */
  | "closed"
  /** The connection was lost, or is not there, and the command is not one to repeat. */
  | "disconnected"
  /** Too many commands wait for a connection or an answer. */
  | "queue_full"
  /** More topics than one event stream can carry. */
  | "too_many_topics"
  /** The platform or the transport in use cannot do this. */
  | "unsupported"
  /** The application's token function threw or rejected. */
  | "token_failed"
  /** One of the application's event handlers threw. */
  | "handler_failed";

/** Open-ended, because a newer server may know codes that this SDK does not. */
export type ErrorCode = ServerErrorCode | ClientErrorCode | (string & {});

const RETRYABLE: ReadonlySet<string> = new Set([
  "rate_limited",
  "internal",
  "unavailable",
  "draining",
  "timeout",
  "disconnected",
  "queue_full",
]);

export class FanfareError extends Error {
  override readonly name = "FanfareError";
  readonly code: ErrorCode;
  /** Whether the same call may succeed later. A publish whose outcome is unknown is to be repeated with `key`. */
  readonly retryable: boolean;
  /** The idempotency key of the publish that failed. */
  readonly key: string | undefined;

  constructor(code: ErrorCode, message: string, details: { key?: string | undefined; cause?: unknown } = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.retryable = RETRYABLE.has(code);
    this.key = details.key;
  }
}

/** The server's code for an HTTP status whose body names none. */
export function codeOfStatus(status: number): ErrorCode {
  switch (status) {
    case 401:
      return "unauthorized";
    case 403:
      return "forbidden";
    case 404:
      return "not_found";
    case 409:
      return "conflict";
    case 413:
      return "too_large";
    case 422:
      return "invalid";
    case 429:
      return "rate_limited";
    case 502:
    case 503:
    case 504:
      return "unavailable";
    default:
      return status >= 500 ? "internal" : "bad_request";
  }
}
