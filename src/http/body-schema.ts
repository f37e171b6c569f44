import type { TSchema } from "typebox";
import { Failure } from "../core/failure.ts";
import { HttpFailure } from "./http-failure.ts";
import type { JsonBody } from "./json-body.ts";

/** A route's `body` as Elysia takes it from libraries other than its own: a Standard Schema. */
export interface BodySchema<Read> {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: "fanfare";
    readonly types?: { readonly input: JsonBody; readonly output: Read };
    readonly validate: (body: unknown) => { readonly value: Read };
  };
}

/**
 * What a route takes as its body: `documented` and `example` are shown in `/docs`, `read` checks and converts. Elysia's own
 * schemas would turn "1" into 1 and echo what is wrong; these are the validators of the WebSocket codec.
 */
export function bodySchema<Read>(
  documented: TSchema,
  example: unknown,
  read: (body: JsonBody) => Read | Failure,
): BodySchema<Read> {
  const standard: BodySchema<Read>["~standard"] = {
    version: 1,
    vendor: "fanfare",
    validate(body) {
      const value = read(body as JsonBody);
      if (value instanceof Failure) throw new HttpFailure(value);
      return { value };
    },
  };
  // Not enumerable, so that the documentation shows the JSON schema alone.
  return Object.defineProperty({ ...documented, examples: [example] }, "~standard", {
    value: standard,
  }) as unknown as BodySchema<Read>;
}
