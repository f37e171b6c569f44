import Type, { type Static } from "typebox";
import { Compile } from "typebox/compile";

const Count = Type.Integer({ minimum: 0 });

/** What a node says of itself, to the other nodes and in `GET /nodes`. */
const NodeFacts = Type.Object({
  /** Its name. */
  node: Type.String({ maxLength: 128 }),
  version: Type.String({ maxLength: 64 }),
  pid: Count,
  /** Unix milliseconds. */
  started_at: Count,
  connections: Type.Object({ websocket: Count, sse: Count }),
  /** Of all its connections. */
  subscriptions: Count,
  /** WebSockets that read `notifications`. */
  notification_readers: Count,
  draining: Type.Boolean(),
});
export type NodeFacts = Static<typeof NodeFacts>;

const validator = Compile(NodeFacts);

/** Null: it is of a version that says something else. */
export function readNodeFacts(value: unknown): NodeFacts | null {
  return validator.Check(value) ? value : null;
}
