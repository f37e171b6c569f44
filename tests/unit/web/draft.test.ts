import { expect, test } from "bun:test";
import { type Draft, readDraft } from "../../../src/web/page/topics/draft.ts";

const blank: Draft = { topic: "", event: "", key: "", message: "", data: "", store: true };

test("empty fields are left out", () => {
  expect(readDraft({ ...blank, topic: " t ", message: "hi" })).toEqual({
    ok: true,
    topic: "t",
    publication: { message: "hi" },
  });
});

test("every field has its place", () => {
  const draft = { topic: "t", event: "e", key: " k ", message: " hi ", data: " null ", store: false };
  expect(readDraft(draft)).toEqual({
    ok: true,
    topic: "t",
    publication: { message: " hi ", data: null, event: "e", key: "k", store: false },
  });
});

test("what is wrong is said of each field", () => {
  expect(readDraft(blank)).toMatchObject({ ok: false, problems: { topic: "Name a topic." } });
  const result = readDraft({ ...blank, topic: "no spaces", event: "ö", data: "{" });
  expect(result.ok).toBe(false);
  if (!result.ok) expect(Object.keys(result.problems)).toEqual(["topic", "event", "data"]);
  expect(readDraft({ ...blank, topic: "t" })).toEqual({
    ok: false,
    problems: { data: "Give a message, data, or both." },
  });
});
