import { commandSchemas } from "./schemas.ts";

/** The `type`s of the server's own frames. */
export const serverFrameTypes = [
  "welcome",
  "subscribed",
  "unsubscribed",
  "ack",
  "history",
  "presence",
  "request",
  "authenticated",
  "refreshed",
  "pong",
  "status",
  "error",
  "join",
  "leave",
  "shutdown_notice",
] as const;

/** Publications may bear these although a client frame has the same `type`: the seeds' clients expect them. */
const free: ReadonlySet<string> = new Set(["notification"]);

const reserved: ReadonlySet<string> = new Set(
  [...serverFrameTypes, ...Object.keys(commandSchemas)].filter((type) => !free.has(type)),
);

/** Whether a publisher may use the word as a publication's `type`: the protocol's own frame types are refused. */
export function isFreeEventType(type: string): boolean {
  return !reserved.has(type);
}
