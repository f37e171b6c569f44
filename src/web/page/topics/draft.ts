import type { PublishOptions } from "../../../client/index.ts";

/** The fields of the form, as typed. */
export interface Draft {
  readonly topic: string;
  readonly event: string;
  readonly key: string;
  readonly message: string;
  readonly data: string;
  readonly store: boolean;
}

export type DraftField = "topic" | "event" | "data";

export type ReadDraft =
  | { readonly ok: true; readonly topic: string; readonly publication: PublishOptions }
  | { readonly ok: false; readonly problems: Partial<Record<DraftField, string>> };

const topicExpression = /^[A-Za-z0-9_.:@|~=-]{1,255}$/;
const eventExpression = /^[A-Za-z0-9_.:-]{1,64}$/;

/** Makes a publication of a form, or says of each field what is wrong with it. Empty fields are left out. */
export function readDraft(draft: Draft): ReadDraft {
  const topic = draft.topic.trim();
  const event = draft.event.trim();
  const data = readJson(draft.data);
  const problems: Partial<Record<DraftField, string>> = {};
  if (topic === "") problems.topic = "Name a topic.";
  else if (!topicExpression.test(topic))
    problems.topic = "Letters, digits and _ . : @ | ~ = - only, at most 255.";
  if (event !== "" && !eventExpression.test(event)) {
    problems.event = "Letters, digits and _ . : - only, at most 64.";
  }
  if (data.problem !== undefined) problems.data = data.problem;
  else if (draft.message === "" && !("value" in data)) problems.data = "Give a message, data, or both.";
  if (Object.keys(problems).length > 0) return { ok: false, problems };
  return {
    ok: true,
    topic,
    publication: {
      ...(draft.message === "" ? {} : { message: draft.message }),
      ...("value" in data ? { data: data.value } : {}),
      ...(event === "" ? {} : { event }),
      ...(draft.key.trim() === "" ? {} : { key: draft.key.trim() }),
      ...(draft.store ? {} : { store: false }),
    },
  };
}

/** `value` is there when the text holds JSON, `problem` when it holds something else; neither when it is blank. */
export function readJson(text: string): { readonly value?: unknown; readonly problem?: string } {
  if (text.trim() === "") return {};
  try {
    return { value: JSON.parse(text) as unknown };
  } catch (error) {
    return { problem: `Not JSON: ${error instanceof Error ? error.message : String(error)}` };
  }
}
