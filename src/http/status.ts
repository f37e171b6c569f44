import type { MaybePromise } from "../core/maybe-promise.ts";
import type { HttpContext } from "./context.ts";

type StatusContext = Pick<
  HttpContext,
  "metrics" | "node" | "version" | "startedAt" | "drainState" | "hub" | "users" | "cluster"
>;

/** What `GET /status` and `status_request` answer: the metrics, and what this node is and does. */
export function statusOf(context: StatusContext): MaybePromise<object> {
  const numbers = context.metrics.toJson();
  const facts = factsOf(context);
  return numbers instanceof Promise
    ? numbers.then((all) => ({ ...all, ...facts }))
    : { ...numbers, ...facts };
}

function factsOf(context: StatusContext): object {
  const usage = context.hub.broker.usage();
  return {
    node: context.node,
    version: context.version,
    pid: process.pid,
    started_at: context.startedAt,
    state: context.drainState(),
    connected_users: context.users.users,
    cluster: clusterOf(context),
    broker: {
      kind: context.hub.broker.kind,
      topics: usage.topics,
      history_bytes: usage.historyBytes,
      evicted_topics: usage.evictedTopics,
    },
  };
}

function clusterOf({ cluster }: StatusContext): object {
  const nodes = cluster.nodes();
  const sum = (of: (node: (typeof nodes)[number]) => number) =>
    nodes.reduce((total, node) => total + of(node), 0);
  return {
    nodes: nodes.length,
    draining: nodes.filter(({ draining }) => draining).length,
    connections: {
      websocket: sum(({ connections }) => connections.websocket),
      sse: sum(({ connections }) => connections.sse),
    },
    subscriptions: sum(({ subscriptions }) => subscriptions),
  };
}
