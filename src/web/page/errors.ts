/** An error as the page shows it: what the server said, and what the reader can do about it. */
export interface Failure {
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
}

const remedies: Readonly<Record<string, string>> = {
  bad_request: "Check the fields: the server could not read what was sent.",
  unauthorized: "Sign in again: the token is missing, wrong or has expired.",
  forbidden: "This connection may not do that. Connect with a role or a token that may.",
  not_found: "Check the topic's name.",
  conflict: "Something else was there first. Reload, and try again.",
  too_large: "Make it shorter, or send the large part another way and publish its address.",
  invalid: "Correct the field that the message names.",
  rate_limited: "Wait a few seconds, then try again.",
  internal: "Try again; if it stays, the reason is in the server's log.",
  unavailable: "The outcome is unknown. Try again: the key keeps it from being published twice.",
  draining: "This server is shutting down. The page connects to another one by itself; then try again.",
  timeout: "The outcome is unknown. Try again: the key keeps it from being published twice.",
  disconnected: "Wait for the connection to come back, then try again.",
  closed: "Press Connect, then try again.",
  queue_full: "Too much is waiting for the connection. Wait for it to come back, then try again.",
};

const defaultRemedy = "Check the connection, then try again.";

export function failure(code: string, message: string): Failure {
  return { code, message, remedy: remedies[code] ?? defaultRemedy };
}

/** Makes a failure of anything thrown; a `code` that the server or the SDK gave decides the remedy. */
export function failureOf(error: unknown): Failure {
  const code =
    typeof error === "object" && error !== null && "code" in error ? String(error.code) : "unknown";
  return failure(code, error instanceof Error ? error.message : String(error));
}
