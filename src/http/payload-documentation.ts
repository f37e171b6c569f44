import { payloadName, type TopicPayload } from "../protocol/topic-payload.ts";

/** The parts of an OpenAPI document that are looked at. */
interface OpenApi {
  readonly components?: { readonly schemas?: object };
  readonly paths?: Readonly<Record<string, Readonly<Record<string, object>>>>;
}

/** Where publications are described. */
const publishPath = "/publish";

/** The OpenAPI document with the schemas of topics' payloads, which rules may change while the server runs. */
export function withPayloads(document: OpenApi, payloads: readonly TopicPayload[]): OpenApi {
  const operation: { readonly description?: string } | undefined = document.paths?.[publishPath]?.post;
  if (payloads.length === 0 || operation === undefined) return document;
  const names = payloads.map((payload, index) => `data_${payloadName(payload, index)}`);
  const schemas = payloads.map(({ pattern, schema }, index) => [
    names[index],
    { description: `\`data\` of publications to \`${pattern}\`.`, allOf: [schema] },
  ]);
  const rows = payloads.map(({ pattern }, index) => `- \`${pattern}\`: \`${names[index]}\``);
  const description = [
    operation.description,
    "To these topics `data` is needed, and must fit one of the schemas below:",
    rows.join("\n"),
  ].join("\n\n");
  return {
    ...document,
    components: {
      ...document.components,
      schemas: { ...document.components?.schemas, ...Object.fromEntries(schemas) },
    },
    paths: {
      ...document.paths,
      [publishPath]: { ...document.paths?.[publishPath], post: { ...operation, description } },
    },
  };
}
