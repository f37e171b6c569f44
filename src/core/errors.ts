/**
 * The error codes of every transport, with the HTTP status that REST answers. WebSocket error frames and
 * REST bodies carry the same words, so that a client handles an error once.
 */
export const errorTable = {
  bad_request: { status: 400, meaning: "The frame or request could not be read." },
  unauthorized: { status: 401, meaning: "A token or key is missing, invalid or expired." },
  forbidden: { status: 403, meaning: "Understood, and not allowed." },
  not_found: { status: 404, meaning: "There is no such route, topic, user or request." },
  conflict: { status: 409, meaning: "It clashes with what is there already." },
  too_large: { status: 413, meaning: "A frame, body or list is beyond its bound." },
  invalid: { status: 422, meaning: "It could be read, but a field is missing or wrong." },
  rate_limited: { status: 429, meaning: "Too much in too short a time: slow down." },
  internal: { status: 500, meaning: "The server failed; the reason is in its log." },
  unavailable: { status: 503, meaning: "Outcome unknown or server overloaded: retry with the same key." },
  draining: { status: 503, meaning: "This node is shutting down: connect to another." },
} as const;

export type ErrorCode = keyof typeof errorTable;

export const errorCodes = Object.keys(errorTable) as ErrorCode[];
