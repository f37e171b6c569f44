import type { Publication } from "../../../client/index.ts";
import type { Entry, EntryKind } from "./timeline.ts";

export const chatTopic = "chat";

/** The topics that the chat shows, as every client of `/ws` is given them. */
export const chatTopics = [chatTopic, "notifications", "alerts"] as const;

/** `epoch` is that of the topic when this publication came; null when it is not known. */
export function entryOf(publication: Publication, epoch: string | null, own: boolean): Entry {
  const { topic, offset, data } = publication;
  const placed = epoch !== null && offset !== undefined;
  const kind = kindOf(publication);
  return {
    id: placed ? `${topic} ${epoch} ${offset}` : ((own ? publication.key : undefined) ?? crypto.randomUUID()),
    kind,
    ts: publication.ts,
    text: publication.message ?? "",
    sender: publication.sender ?? "",
    own,
    delivery: "sent",
    place: placed ? { topic, epoch, offset } : null,
    ...(publication.key === undefined ? {} : { key: publication.key }),
    ...(kind === "alert" ? { severity: severityOf(data) } : {}),
    ...dataWorthShowing(kind, data),
  };
}

function kindOf({ topic, type }: Publication): EntryKind {
  if (topic === "alerts" || type === "alert") return "alert";
  if (topic !== chatTopic || type === "notification") return "notification";
  return "message";
}

function severityOf(data: unknown): string {
  const severity = isRecord(data) ? data.severity : undefined;
  return typeof severity === "string" ? severity : "info";
}

/** An alert's severity has a place of its own: it is not repeated among the data. */
function dataWorthShowing(kind: EntryKind, data: unknown): { data?: unknown } {
  if (data === undefined) return {};
  if (kind !== "alert" || !isRecord(data)) return { data };
  const { severity: _, ...rest } = data;
  return Object.keys(rest).length === 0 ? {} : { data: rest };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
