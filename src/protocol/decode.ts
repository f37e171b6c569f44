import type { TSchema } from "typebox";
import { Compile } from "typebox/compile";
import type { TLocalizedValidationError } from "typebox/error";
import { bounds } from "../core/bounds.ts";
import { Failure } from "../core/failure.ts";
import { isFreeEventType } from "./event-types.ts";
import { isNestedDeeper } from "./json-depth.ts";
import { commandIdRule, ruleOfPattern, tagNameRule } from "./rules-in-words.ts";
import { ChatObject, type Command, type CommandId, type CommandType, commandSchemas } from "./schemas.ts";

/** What one inbound text frame turned out to be. */
export type Inbound =
  | { readonly kind: "command"; readonly command: Command }
  | { readonly kind: "chat"; readonly chat: ChatInput }
  | { readonly kind: "bad"; readonly id: CommandId | undefined; readonly failure: Failure };

/** Text (and data) that follows the chat rules. */
export interface ChatInput {
  readonly id?: CommandId | undefined;
  readonly message?: string | undefined;
  readonly data?: unknown;
}

const validators = new Map(
  Object.entries(commandSchemas).map(([type, schema]) => [type, Compile(schema as TSchema)]),
);
const chatValidator = Compile(ChatObject);

const brokenJson = new Failure("bad_request", "The frame starts with { but is not valid JSON.");
const frameTooDeep = new Failure("invalid", `The frame is nested deeper than ${bounds.jsonDepth} levels.`);
const tooDeep = new Failure("invalid", `data: nested deeper than ${bounds.dataDepth} levels`);
const tooManyTags = new Failure("invalid", `tags: must not have more than ${bounds.tags} properties`);
const contentMissing = new Failure("invalid", "message or data: at least one is needed");
const topicMissing = new Failure("invalid", "topic: is needed");
const eitherTopic = new Failure("invalid", "topic or topics: exactly one of them is needed");
const reservedEvent = new Failure(
  "invalid",
  "event: this word is a frame type of the protocol, choose another",
);

/** Reads one text frame. Never throws; the caller bounds its length. */
export function decodeText(text: string): Inbound {
  if (!startsAsObject(text)) return { kind: "chat", chat: { message: text } };
  if (isNestedDeeper(text, bounds.jsonDepth)) return { kind: "bad", id: undefined, failure: frameTooDeep };
  let value: Record<string, unknown>;
  try {
    value = JSON.parse(text);
  } catch {
    return { kind: "bad", id: undefined, failure: brokenJson };
  }
  return decodeObject(value);
}

/** By what the client knows a frame, whatever came of it. */
export function idOf(inbound: Inbound): CommandId | undefined {
  switch (inbound.kind) {
    case "command":
      return inbound.command.id;
    case "chat":
      return inbound.chat.id;
    case "bad":
      return inbound.id;
  }
}

function decodeObject(value: Record<string, unknown>): Inbound {
  const type = value.type;
  if (type === undefined) return decodeChat(value);
  const validator = typeof type === "string" ? validators.get(type) : undefined;
  if (validator === undefined) {
    return bad(value, new Failure("bad_request", `type: unknown frame type${quoteShort(type)}`));
  }
  const tooMany = checkTagCount(value);
  if (tooMany !== null) return bad(value, tooMany);
  if (!validator.Check(value)) return bad(value, describeFirst(validator.Errors(value)));
  const command = value as unknown as Command;
  const failure = checkBeyondSchema(command);
  return failure === null ? { kind: "command", command } : bad(value, failure);
}

function decodeChat(value: Record<string, unknown>): Inbound {
  if (!chatValidator.Check(value)) return bad(value, describeFirst(chatValidator.Errors(value)));
  const failure = checkContent(value);
  return failure === null ? { kind: "chat", chat: value } : bad(value, failure);
}

/** What a JSON schema cannot say, or would say in words that help nobody. */
function checkBeyondSchema(command: Command): Failure | null {
  switch (command.type) {
    case "publish":
      return checkPublication(command);
    case "notification":
      return checkContent(command);
    case "response":
      return isTooDeep(command.data) ? tooDeep : null;
    case "subscribe":
      if ((command.topic === undefined) === (command.topics === undefined)) {
        return command.topics === undefined ? topicMissing : eitherTopic;
      }
      return command.since !== undefined && command.topics !== undefined
        ? new Failure("invalid", "since: belongs to one topic; subscribe to each with its own")
        : null;
    default:
      return null;
  }
}

/** Asked before the schema, which takes a thousand times as long to say that there are ten thousand tags. */
export function checkTagCount({ tags }: { readonly tags?: unknown }): Failure | null {
  if (typeof tags !== "object" || tags === null) return null;
  let count = 0;
  for (const _ in tags) if (++count > bounds.tags) return tooManyTags;
  return null;
}

/** The rules of a publication's content, shared with REST. */
export function checkPublication(content: {
  event?: string | undefined;
  message?: string | undefined;
  data?: unknown;
}): Failure | null {
  if (content.event !== undefined && !isFreeEventType(content.event)) return reservedEvent;
  return checkContent(content);
}

function checkContent(content: { message?: unknown; data?: unknown }): Failure | null {
  if (content.message === undefined && content.data === undefined) return contentMissing;
  return isTooDeep(content.data) ? tooDeep : null;
}

function bad(value: Record<string, unknown>, failure: Failure): Inbound {
  return { kind: "bad", id: readableId(value.id), failure };
}

/** An id that can be echoed even though the rest of the frame is wrong. */
function readableId(id: unknown): CommandId | undefined {
  if (typeof id === "string") return id.length <= bounds.commandId ? id : undefined;
  return Number.isSafeInteger(id) ? (id as number) : undefined;
}

/** The first violation, as `path: what is wrong`. Values are not echoed: they may be secret or huge. */
export function describeFirst(errors: readonly TLocalizedValidationError[]): Failure {
  const error = errors[0];
  if (error === undefined) return new Failure("invalid", "The frame does not fit its schema.");
  if (error.keyword === "required") {
    const missing = error.params.requiredProperties[0] ?? "a field";
    return new Failure("invalid", `${joinPath(error.instancePath, missing)}: is needed`);
  }
  if (error.instancePath.startsWith("/tags/") && error.keyword === "boolean") {
    return new Failure("invalid", `tags: ${tagNameRule}`);
  }
  const path = joinPath(error.instancePath) || "frame";
  return new Failure("invalid", `${path.slice(0, 128)}: ${explain(error)}`);
}

function explain(error: TLocalizedValidationError): string {
  // A union's first error is about its first branch alone.
  if (error.instancePath === "/id") return `must be ${commandIdRule}`;
  if (error.keyword === "pattern") return `must be ${ruleOfPattern(String(error.params.pattern))}`;
  return error.message;
}

/** The parts of a JSON pointer, with dots. */
function joinPath(instancePath: string, last?: string): string {
  const parts = instancePath.split("/").slice(1);
  if (last !== undefined) parts.push(last);
  return parts.map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~")).join(".");
}

function quoteShort(type: unknown): string {
  return typeof type === "string" && /^[\w.:-]{1,64}$/.test(type) ? ` "${type}"` : "";
}

/** Whether the first character that is not a blank is an opening brace. */
function startsAsObject(text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    switch (text.charCodeAt(index)) {
      case 0x20:
      case 0x09:
      case 0x0a:
      case 0x0d:
        continue;
      case 0x7b:
        return true;
      default:
        return false;
    }
  }
  return false;
}

/** Bounded, so that encoding it again can never exhaust the stack. */
function isTooDeep(value: unknown, level = 0): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (level >= bounds.dataDepth) return true;
  // By index: to name each place of a long list takes many times as long as to parse it.
  if (Array.isArray(value)) return value.some((item) => isTooDeep(item, level + 1));
  for (const name in value) {
    if (isTooDeep((value as Record<string, unknown>)[name], level + 1)) return true;
  }
  return false;
}

export type { Command, CommandId, CommandType };
