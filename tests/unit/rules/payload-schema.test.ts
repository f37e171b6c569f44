import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import Type, { type TSchema } from "typebox";
import { Value } from "typebox/value";
import { inlineSchema } from "../../../src/rules/inline-schema.ts";
import { PayloadSchema } from "../../../src/rules/payload-schema.ts";
import type { Problem } from "../../../src/rules/problem.ts";

function problemsOf(schema: unknown): string[] {
  const problems: Problem[] = [];
  inlineSchema(schema, "schema", problems);
  return problems.map(({ path, text }) => `${path}: ${text}`);
}

function compile(schema: unknown): PayloadSchema {
  const problems: Problem[] = [];
  const inlined = inlineSchema(schema, "schema", problems);
  expect(problems).toEqual([]);
  return new PayloadSchema(inlined);
}

const Order = Type.Object(
  {
    id: Type.Integer({ minimum: 1 }),
    state: Type.Enum(["open", "paid"]),
    items: Type.Array(Type.Object({ name: Type.String({ maxLength: 5 }), price: Type.Number() }), {
      maxItems: 3,
    }),
    note: Type.Optional(Type.Union([Type.String(), Type.Null()])),
    at: Type.Optional(Type.Tuple([Type.Number(), Type.String()])),
    email: Type.Optional(Type.String({ format: "email" })),
    slug: Type.Optional(Type.String({ pattern: "^[a-z]+$", maxLength: 9 })),
    labels: Type.Optional(Type.Record(Type.String(), Type.Boolean())),
  },
  { additionalProperties: false },
);

describe("a payload that does not fit", () => {
  const good = { id: 1, state: "open", items: [{ name: "a", price: 1 }] };
  const schema = compile(Order);

  test("is told apart from one that does", () => {
    expect(schema.check(good)).toBeNull();
    expect(
      schema.check({ ...good, note: null, at: [1, "x"], email: "a@b.de", labels: { x: true } }),
    ).toBeNull();
  });

  test.each([
    [undefined, "data: is needed"],
    [null, "data: must be of type object"],
    [[], "data: must be of type object"],
    [{}, "data.id: must be given"],
    [{ ...good, id: "1" }, "data.id: must be of type integer"],
    [{ ...good, id: 0 }, "data.id: must be at least 1"],
    [{ ...good, state: "lost" }, "data.state: must be one of open, paid"],
    [{ ...good, items: [{ name: "a", price: 1 }, { name: "b" }] }, "data.items.1.price: must be given"],
    [
      { ...good, items: [{ name: "much too long", price: 1 }] },
      "data.items.0.name: must have at most 5 characters",
    ],
    [{ ...good, items: [1, 2, 3, 4] }, "data.items: must have at most 3 items"],
    [{ ...good, note: 5 }, "data.note: must fit one of the forms it may have"],
    [{ ...good, at: [1] }, "data.at: must have at least 2 items"],
    [{ ...good, at: [1, "x", 3] }, "data.at.2: must not be there"],
    [{ ...good, at: ["x", "x"] }, "data.at.0: must be of type number"],
    [{ ...good, email: "nobody" }, "data.email: must be a valid email"],
    [{ ...good, slug: "A" }, "data.slug: must be like ^[a-z]+$"],
    [{ ...good, labels: { x: 1 } }, "data.labels.x: must be of type boolean"],
    [{ ...good, more: 1 }, "data.more: must not be there"],
    [JSON.parse('{"id":1,"state":"open","items":[],"__proto__":1}'), "data.__proto__: must not be there"],
  ])("%j: %s", (data, message) => {
    expect(schema.check(data)).toEqual({ code: "invalid", message } as never);
  });

  test("has its path cut where it made up long names", () => {
    expect(schema.check({ ...good, ["x".repeat(10_000)]: 1 })?.message.length).toBeLessThan(160);
  });

  test.each([
    [
      { type: "number", multipleOf: 2, exclusiveMinimum: 2, exclusiveMaximum: 8, maximum: 9 },
      3,
      "be a multiple of 2",
    ],
    [{ exclusiveMinimum: 2 }, 2, "be above 2"],
    [{ exclusiveMaximum: 2 }, 2, "be below 2"],
    [{ maximum: 2 }, 3, "be at most 2"],
    [{ const: { a: 1 } }, 3, 'be {"a":1}'],
    [{ type: ["string", "null"] }, 3, "be of type string, null"],
    [{ minLength: 2 }, "a", "have at least 2 characters"],
    [{ minItems: 2 }, [1], "have at least 2 items"],
    [{ uniqueItems: true, maxItems: 5 }, [1, 1], "not have the same item twice"],
    [{ minProperties: 1 }, {}, "have at least 1 fields"],
    [{ maxProperties: 0 }, { a: 1 }, "have at most 0 fields"],
    [{ dependentRequired: { a: ["b"] } }, { a: 1 }, "have the fields that go together"],
    [{ propertyNames: { maxLength: 1 } }, { ab: 1 }, "have no fields of other names than those allowed"],
    [{ oneOf: [{ type: "number" }, { minimum: 3 }] }, 4, "fit exactly one of the forms it may have"],
    [{ not: { type: "number" } }, 4, "not be of a form that is excluded"],
    [{ contains: { type: "number" } }, ["a"], "fit its schema"],
    [JSON.parse('{"if":{"type":"number"},"then":{"minimum":3}}'), 1, "fit its schema"],
    [{ allOf: [{ type: "number" }, { minimum: 3 }] }, 1, "be at least 3"],
  ])("%j refuses %j: it must %s", (json, data, rule) => {
    expect(compile(json).check(data)?.message).toBe(`data: must ${rule}`);
  });

  test("is refused quickly when thousands of its places are wrong", () => {
    const lists = compile(Type.Array(Type.Object({ a: Type.String() })));
    const long = compile(Type.Array(Type.Number(), { uniqueItems: true, maxItems: 100 }));
    const started = performance.now();
    for (let round = 0; round < 20; round++) {
      lists.check(Array.from({ length: 30_000 }, () => ({ a: 1 })));
      long.check(Array.from({ length: 30_000 }, () => 1));
    }
    expect(performance.now() - started).toBeLessThan(1000);
  });
});

test("what is refused and what is not is as typebox says", () => {
  const leaf = fc.oneof(fc.integer(), fc.boolean(), fc.constant(null), fc.string());
  const data = fc.oneof(
    leaf,
    fc.object({ key: fc.constantFrom("a", "b", "c"), values: [leaf], maxDepth: 3 }),
  );
  const type: fc.Arbitrary<TSchema> = fc.letrec<{ schema: TSchema }>((tie) => ({
    schema: fc.oneof(
      { depthSize: "small" },
      fc.constantFrom(
        Type.Integer({ minimum: 0 }),
        Type.Boolean(),
        Type.Null(),
        Type.String({ minLength: 2 }),
      ),
      tie("schema").map((one) => Type.Array(one, { maxItems: 2 })),
      fc
        .tuple(tie("schema"), tie("schema"))
        .map(([one, other]) =>
          Type.Object({ a: one, b: Type.Optional(other) }, { additionalProperties: false }),
        ),
      fc.tuple(tie("schema"), tie("schema")).map(([one, other]) => Type.Union([one, other])),
      fc.tuple(tie("schema"), tie("schema")).map(([one, other]) => Type.Intersect([one, other])),
      fc.tuple(tie("schema"), tie("schema")).map(([one, other]) => Type.Tuple([one, other])),
      tie("schema").map((one) => Type.Record(Type.String(), one)),
    ),
  })).schema;
  fc.assert(
    fc.property(type, fc.array(data, { minLength: 1 }), (schema, values) => {
      const compiled = compile(JSON.parse(JSON.stringify(schema)));
      for (const value of values) {
        const failure = compiled.check(value);
        expect(failure === null).toBe(Value.Check(schema, value));
        if (failure !== null) expect(failure.message).toMatch(/^data(\.[\w.]+)?: must /);
      }
    }),
  );
});

describe("a schema", () => {
  test("has what it refers to in its place", () => {
    const { schema } = compile({
      $defs: { money: { type: "number", minimum: 0 }, N: { $id: "N", type: "string" } },
      type: "object",
      properties: {
        price: { $ref: "#/$defs/money", description: "in euro" },
        tax: { $ref: "#/$defs/money" },
        name: { $ref: "N" },
      },
    });
    expect(schema).toEqual({
      type: "object",
      properties: {
        price: { description: "in euro", allOf: [{ type: "number", minimum: 0 }] },
        tax: { type: "number", minimum: 0 },
        name: { type: "string" },
      },
    });
  });

  test("that contains itself is refused", () => {
    const tree = Type.Cyclic({ N: Type.Object({ next: Type.Optional(Type.Ref("N")) }) }, "N");
    expect(problemsOf(tree)).toEqual([expect.stringContaining("N contains itself. Write out")]);
    expect(problemsOf({ $ref: "#" })).toEqual([
      expect.stringContaining("Refer to one of the schema's own $defs"),
    ]);
  });

  test("that grows without bound by what it refers to is refused", () => {
    const $defs: Record<string, object> = { d0: { type: "string" } };
    for (let level = 1; level < 15; level++) {
      $defs[`d${level}`] = { anyOf: [{ $ref: `#/$defs/d${level - 1}` }, { $ref: `#/$defs/d${level - 1}` }] };
    }
    const [first] = problemsOf({ $defs, $ref: "#/$defs/d14" });
    expect(first).toContain("more than 5000 parts");
  });

  test.each([
    [{ items: { type: "text" } }, 'schema.items.type: is "text". Give one of null'],
    [{ minLength: -1 }, "schema.minLength: is -1. Give a whole number"],
    [{ pattern: "(", maxLength: 5 }, 'schema.pattern: is "(". Give a regular expression'],
    [{ pattern: "a+b" }, "schema.pattern: matching a long text may take very long. Put maxLength"],
    [{ pattern: "a+b", maxLength: 5000 }, "Put maxLength beside it, at most 1000"],
    [{ uniqueItems: true }, "schema.uniqueItems: comparing a long list takes long. Put maxItems"],
    [{ format: "e-mail" }, 'schema.format: is "e-mail". Give one of'],
    [{ format: "uri-template" }, "Give one of"],
    [{ enum: [] }, "schema.enum: is a list. Give a list with at least one value"],
    [{ anyOf: [] }, "schema.anyOf: Give a list of schemas"],
    [{ properties: [] }, "schema.properties: Give schemas by name"],
    [{ patternProperties: { "(": {} } }, "no regular expression"],
    [{ requird: ["a"] }, "schema.requird: unknown keyword. Did you mean required?"],
    [{ type: "bigint" }, "schema.type"],
    [{ $ref: "https://example.com/schema" }, "which is not there"],
    [{ constructor: 1 }, "schema.constructor: unknown keyword"],
    ["text", "schema: is no JSON Schema"],
    [true, "schema: is no JSON Schema"],
    [{ items: 5 }, "schema.items: is 5. Give a JSON Schema"],
  ])("that is wrong is refused with the place: %j", (schema, problem) => {
    const problems = problemsOf(schema);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(problem);
  });

  test("is bounded in depth", () => {
    let deep: object = {};
    for (let level = 0; level < 40; level++) deep = { items: deep };
    expect(problemsOf(deep)).toEqual([expect.stringContaining("nested deeper than 32 levels")]);
  });

  test("may say things for people and other programs", () => {
    const schema = {
      $schema: "x",
      title: "t",
      description: "d",
      examples: [1],
      "x-mine": 1,
      default: 1,
      $id: "q",
    };
    expect(problemsOf(schema)).toEqual([]);
  });
});
