import { isEpoch } from "../../core/position.ts";
import { eventTypePattern, type Publication, type PublishRequest } from "../../core/publication.ts";
import { isUserId } from "../../core/topic-name.ts";
import { assemblePublication, encodeTail } from "../../protocol/encode.ts";
import { isFreeEventType } from "../../protocol/event-types.ts";

/**
 * How publications look in Redis: one line each, `<ts> <type> <rest of the frame>`, with `-` before it where the
 * publication is not kept. JSON text has no line breaks in it. Everything that comes back is checked again:
 * others may write to that Redis.
 */

/** What arrives on a topic's channel. */
export type ChannelMessage =
  | { readonly kind: "batch"; readonly epoch: string; readonly first: number; readonly lines: string[] }
  | { readonly kind: "unstored"; readonly lines: string[] }
  | { readonly kind: "epoch" }
  | { readonly kind: "member"; readonly userId: string; readonly present: boolean };

/** A publication that arrived, and whether it counts among those that are kept whatever their age. */
export interface Received {
  readonly publication: Publication;
  readonly keep: boolean;
}

const offsetPattern = /^[1-9][0-9]{0,15}$/;
const tsPattern = /^[0-9]{1,16}$/;
const typePattern = new RegExp(eventTypePattern);

export function encodeLine(request: PublishRequest, ts: number): string {
  const mark = request.keep === false ? "-" : "";
  return `${mark}${ts} ${request.event} ${encodeTail(request)}`;
}

/** Null: it is none of ours. */
export function decodeMessage(text: string): ChannelMessage | null {
  switch (text.charCodeAt(0)) {
    case 0x70: // p
      return decodeBatch(text);
    case 0x75: // u
      return text.charCodeAt(1) === 0x0a ? { kind: "unstored", lines: text.slice(2).split("\n") } : null;
    case 0x65: // e
      return text.length === 1 ? { kind: "epoch" } : null;
    case 0x6a: // j
      return decodeMember(text, true);
    case 0x6c: // l
      return decodeMember(text, false);
    default:
      return null;
  }
}

export function encodeUnstored(lines: readonly string[]): string {
  return `u\n${lines.join("\n")}`;
}

export function encodeMember(userId: string, present: boolean): string {
  return `${present ? "j" : "l"}${userId}`;
}

/** Reads `<epoch> <offset> <line>` of a kept publication. */
export function decodeKept(topic: string, text: string): { epoch: string; received: Received } | null {
  const [epoch = "", offset = ""] = text.split(" ", 2);
  if (!isEpoch(epoch) || !offsetPattern.test(offset)) return null;
  const received = decodeLine(topic, text.slice(epoch.length + offset.length + 2), Number(offset));
  return received === null ? null : { epoch, received };
}

/** `offset` 0: it has no position. Null: the line is damaged, or not a publication of the topic. */
export function decodeLine(topic: string, line: string, offset: number): Received | null {
  const keep = line.charCodeAt(0) !== 0x2d;
  const start = keep ? 0 : 1;
  const afterTs = line.indexOf(" ", start);
  const afterType = line.indexOf(" ", afterTs + 1);
  if (afterTs < 0 || afterType < 0) return null;
  const ts = line.slice(start, afterTs);
  const type = line.slice(afterTs + 1, afterType);
  if (!tsPattern.test(ts) || !typePattern.test(type) || !isFreeEventType(type)) return null;
  const publication = assemblePublication(type, topic, offset, Number(ts), line.slice(afterType + 1));
  return isPublication(publication, topic) ? { publication, keep } : null;
}

function decodeBatch(text: string): ChannelMessage | null {
  const end = text.indexOf("\n");
  if (end < 0) return null;
  const [epoch = "", first = "", count = ""] = text.slice(1, end).split(" ");
  if (!isEpoch(epoch) || !offsetPattern.test(first)) return null;
  const lines = text.slice(end + 1).split("\n");
  return String(lines.length) === count ? { kind: "batch", epoch, first: Number(first), lines } : null;
}

function decodeMember(text: string, present: boolean): ChannelMessage | null {
  const userId = text.slice(1);
  return isUserId(userId) ? { kind: "member", userId, present } : null;
}

/** Whether the frame is JSON that says what its parts say: no line can pretend to be of another place. */
function isPublication({ frame, offset, ts, type }: Publication, topic: string): boolean {
  try {
    const value: unknown = JSON.parse(frame);
    if (typeof value !== "object" || value === null) return false;
    const fields = value as Record<string, unknown>;
    if (fields.topic !== topic || fields.ts !== ts || fields.type !== type) return false;
    if (fields.offset !== (offset > 0 ? offset : undefined)) return false;
    return typeof fields.message === "string" || "data" in fields;
  } catch {
    return false;
  }
}
