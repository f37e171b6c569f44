import type { ErrorCode } from "./errors.ts";

/** The one shape of an error over HTTP, as JSON text. */
export function errorBody(code: ErrorCode, message: string): string {
  return JSON.stringify({ error: { code, message } });
}
