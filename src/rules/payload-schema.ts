import { Compile, type Validator } from "typebox/schema";
import { Failure } from "../core/failure.ts";
import { MisfitFinder } from "./explain-misfit.ts";
import type { JsonSchema } from "./inline-schema.ts";

const dataMissing = new Failure("invalid", "data: is needed");

/** Characters of a path in an answer: the names in it may be the publisher's own. */
const pathMax = 128;

/** What the `data` of a topic's publications must be. Its `message` is free text, beside it. */
export class PayloadSchema {
  /** Refers to nothing outside of itself. */
  readonly schema: JsonSchema;
  readonly #validator: Validator;
  #finder: MisfitFinder | null = null;

  /** `schema` is what `inlineSchema` found nothing wrong with. */
  constructor(schema: JsonSchema) {
    this.schema = schema;
    this.#validator = Compile(schema);
  }

  /** Null: it fits. Else the first place where it does not, as `data.items.0.price: must be of type number`. */
  check(data: unknown): Failure | null {
    if (data === undefined) return dataMissing;
    if (this.#validator.Check(data)) return null;
    this.#finder ??= new MisfitFinder();
    const { path, rule } = this.#finder.find(this.schema, data, "data") ?? misfit;
    return new Failure("invalid", `${path.slice(0, pathMax)}: must ${rule}`);
  }
}

const misfit = { path: "data", rule: "fit the schema of its topic" };
