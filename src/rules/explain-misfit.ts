import { Compile, type Validator } from "typebox/schema";
import type { JsonSchema } from "./inline-schema.ts";

/** Where a value does not fit, and what it must be, to complete "must …". */
export interface Misfit {
  readonly path: string;
  readonly rule: string;
}

type Keywords = Exclude<JsonSchema, boolean>;

/** Keywords about the value itself, in the order in which a person would look; those that bound others come first. */
const rules: readonly (readonly [keyword: string, rule: (expected: unknown) => string])[] = [
  ["type", (type) => `be of type ${list(type)}`],
  ["const", (value) => `be ${shown(value)}`],
  ["enum", (values) => `be one of ${list(values)}`],
  ["minLength", (count) => `have at least ${count} characters`],
  ["maxLength", (count) => `have at most ${count} characters`],
  ["pattern", (pattern) => `be like ${pattern}`],
  ["format", (format) => `be a valid ${format}`],
  ["minimum", (bound) => `be at least ${bound}`],
  ["maximum", (bound) => `be at most ${bound}`],
  ["exclusiveMinimum", (bound) => `be above ${bound}`],
  ["exclusiveMaximum", (bound) => `be below ${bound}`],
  ["multipleOf", (step) => `be a multiple of ${step}`],
  ["minItems", (count) => `have at least ${count} items`],
  ["maxItems", (count) => `have at most ${count} items`],
  ["uniqueItems", () => "not have the same item twice"],
  ["minProperties", (count) => `have at least ${count} fields`],
  ["maxProperties", (count) => `have at most ${count} fields`],
  ["dependentRequired", () => "have the fields that go together"],
  ["propertyNames", () => "have no fields of other names than those allowed"],
  ["anyOf", () => "fit one of the forms it may have"],
  ["oneOf", () => "fit exactly one of the forms it may have"],
  ["not", () => "not be of a form that is excluded"],
];

/**
 * Finds the first place where a value does not fit a schema; null: it fits. It stops at the first, so that a payload
 * that is wrong in thousands of places takes no longer.
 */
export class MisfitFinder {
  readonly #validators = new WeakMap<Keywords, Validator>();
  /** Each keyword of a schema as a schema of its own. */
  readonly #parts = new WeakMap<Keywords, Map<string, Keywords>>();

  find(schema: JsonSchema, value: unknown, path: string): Misfit | null {
    if (this.#fits(schema, value)) return null;
    if (typeof schema === "boolean") return { path, rule: "not be there" };
    for (const [keyword, rule] of rules) {
      if (keyword in schema && !this.#fits(this.#part(schema, keyword), value)) {
        return { path, rule: rule(schema[keyword]) };
      }
    }
    return this.#findInside(schema, value, path) ?? { path, rule: "fit its schema" };
  }

  #findInside(schema: Keywords, value: unknown, path: string): Misfit | null {
    if (Array.isArray(value)) {
      const misfit = this.#findInItems(schema, value, path);
      if (misfit !== null) return misfit;
    } else if (typeof value === "object" && value !== null) {
      const misfit = this.#findInFields(schema, value as Record<string, unknown>, path);
      if (misfit !== null) return misfit;
    }
    for (const one of (schema.allOf ?? []) as JsonSchema[]) {
      const misfit = this.find(one, value, path);
      if (misfit !== null) return misfit;
    }
    return null;
  }

  #findInItems(schema: Keywords, items: readonly unknown[], path: string): Misfit | null {
    const first = (schema.prefixItems ?? []) as JsonSchema[];
    for (const [index, item] of items.entries()) {
      const itemSchema = first[index] ?? (schema.items as JsonSchema | undefined);
      if (itemSchema === undefined) return null;
      const misfit = this.find(itemSchema, item, `${path}.${index}`);
      if (misfit !== null) return misfit;
    }
    return null;
  }

  #findInFields(schema: Keywords, fields: Record<string, unknown>, path: string): Misfit | null {
    for (const name of (schema.required ?? []) as string[]) {
      if (!Object.hasOwn(fields, name)) return { path: `${path}.${name}`, rule: "be given" };
    }
    const properties = (schema.properties ?? {}) as Record<string, JsonSchema>;
    const patterns = Object.entries((schema.patternProperties ?? {}) as Record<string, JsonSchema>).map(
      ([pattern, one]) => [new RegExp(pattern), one] as const,
    );
    for (const [name, value] of Object.entries(fields)) {
      const schemas = patterns.filter(([pattern]) => pattern.test(name)).map(([, one]) => one);
      if (Object.hasOwn(properties, name)) schemas.push(properties[name]!);
      if (schemas.length === 0 && schema.additionalProperties !== undefined) {
        schemas.push(schema.additionalProperties as JsonSchema);
      }
      for (const one of schemas) {
        const misfit = this.find(one, value, `${path}.${name}`);
        if (misfit !== null) return misfit;
      }
    }
    return null;
  }

  #part(schema: Keywords, keyword: string): Keywords {
    let parts = this.#parts.get(schema);
    if (parts === undefined) {
      parts = new Map();
      this.#parts.set(schema, parts);
    }
    let part = parts.get(keyword);
    if (part === undefined) {
      part = { [keyword]: schema[keyword] };
      parts.set(keyword, part);
    }
    return part;
  }

  #fits(schema: JsonSchema, value: unknown): boolean {
    if (typeof schema === "boolean") return schema;
    let validator = this.#validators.get(schema);
    if (validator === undefined) {
      validator = Compile(schema);
      this.#validators.set(schema, validator);
    }
    return validator.Check(value);
  }
}

function list(values: unknown): string {
  if (!Array.isArray(values)) return String(values);
  const some = values.slice(0, 20).map(shown);
  return some.join(", ") + (values.length > some.length ? ", …" : "");
}

function shown(value: unknown): string {
  const text = typeof value === "object" && value !== null ? JSON.stringify(value) : String(value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
