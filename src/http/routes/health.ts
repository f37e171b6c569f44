import { Elysia } from "elysia";
import { Failure } from "../../core/failure.ts";
import type { Hub } from "../../hub/hub.ts";
import { HealthAnswer, ReadyAnswer } from "../answer-schemas.ts";
import type { HttpContext } from "../context.ts";
import { documented, tags } from "../documentation.ts";
import { recentMessages } from "./messages.ts";

const notListening = new Failure("unavailable", "This node does not hear the others yet: try again soon.");

/** Whether the process is alive: it is, since it answers. */
export function healthRoute(context: HttpContext) {
  return new Elysia().get("/health", () => healthOf(context), {
    detail: documented({ summary: "Health: is it alive?", tag: tags.server, answer: HealthAnswer }),
  });
}

/** Whether this node should be sent clients. */
export function readyRoute({ hub, cluster, drainState }: HttpContext) {
  return new Elysia().get(
    "/ready",
    async ({ status }) => {
      if (drainState() === "draining") return status(503, { status: "draining" });
      const failure = await hub.broker.check();
      if (failure === null && cluster.isConnected) return { status: "ready" };
      const { message } = failure ?? notListening;
      return status(503, { status: "unavailable", broker: hub.broker.kind, message });
    },
    {
      detail: documented({
        summary: "Readiness: does it take clients?",
        tag: tags.server,
        answer: ReadyAnswer,
        others: { 503: '`{"status":"draining"}`, or `unavailable` where the broker does not answer.' },
      }),
    },
  );
}

async function healthOf(context: HttpContext) {
  const { hub, metrics, node, version } = context;
  const [numbers, recent] = await Promise.all([metrics.toJson(), recentMessages(context)]);
  const { websocket, sse } = numbers.connections.active;
  return {
    status: "healthy",
    cache_status: isCacheConnected(hub) ? "connected" : "fallback",
    recent_notifications_count: recent instanceof Failure ? 0 : recent.length,
    connected_websockets: websocket,
    connected_event_streams: sse,
    uptime_seconds: numbers.uptime_seconds,
    node,
    version,
  };
}

/** What is kept of notifications is in Redis, where there is one; else on this node. */
function isCacheConnected({ broker }: Hub): boolean {
  return broker.kind === "redis" && broker.isConnected;
}
