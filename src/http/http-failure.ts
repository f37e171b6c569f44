import { type ErrorCode, errorTable } from "../core/errors.ts";
import { Failure } from "../core/failure.ts";

/** An expected failure on its way to the error handler: Elysia's routes have no other way out. */
export class HttpFailure extends Error {
  readonly code: ErrorCode;
  /** The HTTP status: the code's own, where no finer one says more. */
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  constructor(failure: Failure, options: { status?: number; headers?: Record<string, string> } = {}) {
    super(failure.message);
    this.code = failure.code;
    this.status = options.status ?? errorTable[failure.code].status;
    this.headers = options.headers ?? {};
  }
}

/** The value, unless it is a Failure: that is thrown. */
export function orThrow<Value>(value: Value): Exclude<Value, Failure> {
  if (value instanceof Failure) throw new HttpFailure(value);
  return value as Exclude<Value, Failure>;
}
