import { type Elysia, ParseError, ValidationError } from "elysia";
import { retryAfterSeconds } from "../core/bounds.ts";
import { errorBody } from "../core/error-body.ts";
import type { ErrorCode } from "../core/errors.ts";
import { Failure } from "../core/failure.ts";
import type { HttpContext } from "./context.ts";
import { HttpFailure } from "./http-failure.ts";
import { jsonAnswer } from "./json-answer.ts";
import { requestIdHeader, requestIdOf } from "./request-id.ts";

const notFound = new HttpFailure(new Failure("not_found", "There is no such route."));
const internal = new HttpFailure(new Failure("internal", "The server failed; the reason is in its log."));
const unreadable = new HttpFailure(new Failure("bad_request", "The request could not be read."));

/** What passes by itself: the caller is told when to try again. */
const passing: ReadonlySet<ErrorCode> = new Set(["rate_limited", "unavailable", "draining"]);

/** The one place where errors become answers. Nothing of an unexpected error leaves it but that there was one. */
export class ErrorAnswers {
  readonly #context: Pick<HttpContext, "counters" | "log">;

  constructor(context: Pick<HttpContext, "counters" | "log">) {
    this.#context = context;
  }

  /** Whatever was thrown while a request was handled. */
  answerThrown(error: unknown, request: Request): Response {
    const requestId = requestIdOf(request);
    const expected = expectedFailure(error);
    const { method, url } = request;
    const fields = { correlation_id: requestId, method, url };
    if (expected === null) {
      this.#context.log.error({ ...fields, error }, "a request failed");
      return this.#answer(internal, requestId);
    }
    const { code, status } = expected;
    this.#context.log.debug({ ...fields, code, status }, "request refused");
    return this.#answer(expected, requestId);
  }

  /** No route fits; `allowed` names the methods that the path takes, null: none. */
  answerUnrouted(allowed: string | null, request: Request): Response {
    return this.answerThrown(allowed === null ? notFound : methodNotAllowed(allowed), request);
  }

  /** In the one shape of errors, counted by its code; with the name under which the log has it. */
  #answer({ code, message, status, headers }: HttpFailure, requestId: string): Response {
    this.#context.counters.errors.add(code);
    const response = jsonAnswer(errorBody(code, message), status);
    response.headers.set(requestIdHeader, requestId);
    if (passing.has(code)) response.headers.set("retry-after", String(retryAfterSeconds));
    for (const name in headers) response.headers.set(name, headers[name]!);
    return response;
  }
}

/** What the caller is to be told; null: the server is at fault. */
function expectedFailure(error: unknown): HttpFailure | null {
  if (error instanceof HttpFailure) return error;
  if (error instanceof ParseError) return error.cause instanceof HttpFailure ? error.cause : null;
  // What a route answers is checked too; that is no fault of the caller.
  if (error instanceof ValidationError && error.type !== "response") return invalidParameter(error);
  return null;
}

/** The status is 405 although the code is shared: the table of codes has none of its own for it. */
function methodNotAllowed(allowed: string): HttpFailure {
  const failure = new Failure("bad_request", `This address takes ${allowed}.`);
  return new HttpFailure(failure, { status: 405, headers: { allow: allowed } });
}

/** Every parameter's schema says in words what it must be (`error`); Elysia's own words echo what was sent. */
function invalidParameter(error: ValidationError): HttpFailure {
  const { customError } = error as { customError?: unknown };
  if (typeof customError !== "string") return unreadable;
  return new HttpFailure(new Failure("invalid", customError));
}

/** Routes every error of the application's routes to `errors`. */
export function handleErrors(
  app: Elysia,
  errors: ErrorAnswers,
  allowedMethods: (path: string) => string | null,
): void {
  app.onError({ as: "global" }, ({ code, error, path, request, set }) => {
    // Elysia would read the answer and write it anew if it had another status to merge.
    set.status = 200;
    return code === "NOT_FOUND"
      ? errors.answerUnrouted(allowedMethods(path), request)
      : errors.answerThrown(error, request);
  });
}
