import { nearest } from "../config/nearest.ts";
import { isPlainObject, joinPath, type Problem, quote } from "./problem.ts";
import { isPattern, keywords } from "./schema-keywords.ts";

/** A JSON Schema, checked: every keyword in it is known, and it refers to nothing. */
export type JsonSchema = boolean | { readonly [keyword: string]: unknown };

/** Bounds that keep checking a payload quick, whatever it is. */
const schemasMax = 5000;
const depthMax = 32;
const patternLengthMax = 1000;
const uniqueItemsMax = 1000;

/** Where shared schemas stand, and how they are referred to: by place, or by name as typebox does. */
const definitionKeywords = ["$defs", "definitions"] as const;
const reference = /^(?:#\/(?:\$defs|definitions)\/)?([^/#]+)$/;

/**
 * Checks a payload's schema, and puts what it refers to in its place. A misspelt keyword of JSON Schema checks
 * nothing, and nobody notices: so only known ones are taken. Schemas that contain themselves are not: a payload could
 * be made that takes forever to check.
 */
export function inlineSchema(schema: unknown, path: string, problems: Problem[]): JsonSchema {
  return new Inliner(schema, problems).run(schema, path);
}

class Inliner {
  readonly #definitions: Record<string, unknown>;
  readonly #problems: Problem[];
  /** Definitions that are being put in place. */
  readonly #open: string[] = [];
  #schemas = 0;

  constructor(schema: unknown, problems: Problem[]) {
    this.#definitions = {};
    this.#problems = problems;
    if (!isPlainObject(schema)) return;
    for (const keyword of definitionKeywords) {
      if (isPlainObject(schema[keyword])) Object.assign(this.#definitions, schema[keyword]);
    }
  }

  run(schema: unknown, path: string): JsonSchema {
    if (!isPlainObject(schema))
      return this.#fail(path, "is no JSON Schema. Give an object, as Type.Object({…})");
    return this.#inline(schema, path, 0);
  }

  #inline(schema: unknown, path: string, depth: number): JsonSchema {
    if (typeof schema === "boolean") return schema;
    if (!isPlainObject(schema)) return this.#fail(path, `is ${quote(schema)}. Give a JSON Schema`);
    this.#schemas++;
    if (this.#schemas === schemasMax + 1) {
      this.#fail(
        path,
        `the schema has more than ${schemasMax} parts, with all that it refers to. Make it smaller`,
      );
    }
    if (this.#schemas > schemasMax) return true;
    if (depth > depthMax) {
      return this.#fail(path, `is nested deeper than ${depthMax} levels. Make the schema flatter`);
    }
    const { $ref, ...rest } = modernTuple(schema);
    const inlined: Record<string, unknown> = {};
    for (const [keyword, value] of Object.entries(rest)) this.#keyword(inlined, keyword, value, path, depth);
    this.#checkCost(inlined, path);
    if ($ref === undefined) return inlined;
    const target = this.#resolve($ref, joinPath(path, "$ref"), depth);
    if (Object.keys(inlined).length === 0) return target;
    return { ...inlined, allOf: [...((inlined.allOf as JsonSchema[] | undefined) ?? []), target] };
  }

  #keyword(
    inlined: Record<string, unknown>,
    keyword: string,
    value: unknown,
    path: string,
    depth: number,
  ): void {
    // Names that only references need, and what is said for other programs.
    if (keyword === "$id" || definitionKeywords.some((name) => name === keyword) || keyword.startsWith("x-"))
      return;
    const place = joinPath(path, keyword);
    const kind = Object.hasOwn(keywords, keyword) ? keywords[keyword] : undefined;
    if (kind === undefined) {
      const meant = nearest(keyword, Object.keys(keywords), 3);
      this.#fail(
        place,
        `unknown keyword. ${meant === undefined ? "Leave it out" : `Did you mean ${meant}?`}`,
      );
    } else if (kind === "schema") {
      inlined[keyword] = this.#inline(value, place, depth + 1);
    } else if (kind === "schemas") {
      if (!Array.isArray(value) || value.length === 0) this.#fail(place, "Give a list of schemas");
      else inlined[keyword] = value.map((one, index) => this.#inline(one, joinPath(place, index), depth + 1));
    } else if (kind === "schemas_by_name") {
      if (!isPlainObject(value)) this.#fail(place, "Give schemas by name");
      else inlined[keyword] = this.#byName(keyword, value, place, depth);
    } else if (kind.isRight(value)) {
      inlined[keyword] = value;
    } else {
      this.#fail(place, `is ${quote(value)}. Give ${kind.expects}`);
    }
  }

  #byName(keyword: string, schemas: Record<string, unknown>, path: string, depth: number): object {
    const entries = Object.entries(schemas).map(([name, schema]) => {
      const place = joinPath(path, name);
      if (keyword === "patternProperties" && !isPattern(name)) {
        this.#fail(place, "the name is no regular expression. Mend it");
      }
      return [name, this.#inline(schema, place, depth + 1)];
    });
    return Object.fromEntries(entries);
  }

  #resolve($ref: unknown, path: string, depth: number): JsonSchema {
    const name = typeof $ref === "string" ? reference.exec($ref)?.[1] : undefined;
    if (name === undefined || !Object.hasOwn(this.#definitions, name)) {
      return this.#fail(
        path,
        `is ${quote($ref)}, which is not there. Refer to one of the schema's own $defs`,
      );
    }
    if (this.#open.includes(name)) {
      return this.#fail(path, `${name} contains itself. Write out as many levels as there are`);
    }
    this.#open.push(name);
    const target = this.#inline(this.#definitions[name], path, depth + 1);
    this.#open.pop();
    return target;
  }

  /** Publishers choose the payload: what takes more than a little longer with each character needs a bound. */
  #checkCost(schema: Record<string, unknown>, path: string): void {
    const { pattern, maxLength, uniqueItems, maxItems } = schema;
    if (pattern !== undefined && !isAtMost(maxLength, patternLengthMax)) {
      const remedy = `Put maxLength beside it, at most ${patternLengthMax}`;
      this.#fail(joinPath(path, "pattern"), `matching a long text may take very long. ${remedy}`);
    }
    if (uniqueItems === true && !isAtMost(maxItems, uniqueItemsMax)) {
      const remedy = `Put maxItems beside it, at most ${uniqueItemsMax}`;
      this.#fail(joinPath(path, "uniqueItems"), `comparing a long list takes long. ${remedy}`);
    }
  }

  #fail(path: string, text: string): true {
    this.#problems.push({ path, text: /[.?!]$/.test(text) ? text : `${text}.` });
    return true;
  }
}

function isAtMost(value: unknown, most: number): boolean {
  return typeof value === "number" && value <= most;
}

/** Tuples as earlier drafts and typebox write them, in the words of the current one. */
function modernTuple(schema: Record<string, unknown>): Record<string, unknown> {
  const { items, additionalItems, ...rest } = schema;
  if (!Array.isArray(items)) return schema;
  const prefix = items.length === 0 ? {} : { prefixItems: items };
  return { ...rest, ...prefix, ...(additionalItems === undefined ? {} : { items: additionalItems }) };
}
