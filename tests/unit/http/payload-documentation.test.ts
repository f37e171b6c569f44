import { expect, test } from "bun:test";
import { withPayloads } from "../../../src/http/payload-documentation.ts";

const document = {
  openapi: "3.1.0",
  components: { schemas: { Other: {} } },
  paths: {
    "/publish": { post: { summary: "Publish", description: "Publishes." } },
    "/topics": { get: { summary: "List" } },
  },
};

test("schemas of payloads stand among the document's, and publishing says which topics have one", () => {
  const schema = { type: "object", required: ["price"] };
  const payloads = [
    { pattern: "orders.*", schema },
    { pattern: "chat", schema: { type: "string" } },
  ];
  const described = withPayloads(document, payloads);
  expect(described.components?.schemas).toEqual({
    Other: {},
    "data_1_orders._": { description: "`data` of publications to `orders.*`.", allOf: [schema] },
    data_2_chat: { description: "`data` of publications to `chat`.", allOf: [{ type: "string" }] },
  });
  expect(described.paths?.["/publish"]?.post).toEqual({
    summary: "Publish",
    description:
      "Publishes.\n\nTo these topics `data` is needed, and must fit one of the schemas below:\n\n" +
      "- `orders.*`: `data_1_orders._`\n- `chat`: `data_2_chat`",
  });
  expect(described).toMatchObject({ openapi: "3.1.0", paths: { "/topics": document.paths["/topics"] } });
  expect(document.components.schemas).toEqual({ Other: {} });
});

test("without payloads the document is as it was", () => {
  expect(withPayloads(document, [])).toBe(document);
});
