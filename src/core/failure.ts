import type { ErrorCode } from "./errors.ts";

/**
 * An expected failure, as a value: the pure layers return it instead of throwing, so that a caller cannot
 * overlook it and a hostile input never costs a stack trace. Its message is written for the person at the
 * other end of the connection and never carries internals.
 */
export class Failure {
  readonly code: ErrorCode;
  readonly message: string;

  constructor(code: ErrorCode, message: string) {
    this.code = code;
    this.message = message;
  }
}
