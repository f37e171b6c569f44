import type { HttpContext } from "./context.ts";

type StatusContext = Pick<
  HttpContext,
  "metrics" | "node" | "version" | "startedAt" | "drainState" | "hub" | "users"
>;

/** What `GET /status` and `status_request` answer: the metrics, and what this node is and does. */
export function statusOf(context: StatusContext): object {
  const usage = context.hub.broker.usage();
  return {
    ...context.metrics.toJson(),
    node: context.node,
    version: context.version,
    pid: process.pid,
    started_at: context.startedAt,
    state: context.drainState(),
    connected_users: context.users.users,
    broker: {
      kind: context.hub.broker.kind,
      topics: usage.topics,
      history_bytes: usage.historyBytes,
      evicted_topics: usage.evictedTopics,
    },
  };
}
