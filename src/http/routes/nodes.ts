import { Elysia } from "elysia";
import { NodesAnswer } from "../answer-schemas.ts";
import type { HttpContext } from "../context.ts";
import { documented, tags } from "../documentation.ts";

export function nodesRoute({ callers, cluster }: HttpContext) {
  return new Elysia().get(
    "/nodes",
    ({ request }) => {
      callers.requireInsight(request);
      const now = Date.now();
      const nodes = cluster.nodes().map((facts) => ({
        ...facts,
        uptime_seconds: Math.max(0, now - facts.started_at) / 1000,
      }));
      return { nodes };
    },
    {
      detail: documented({
        summary: "List server processes",
        description: "The one that answers comes first, as it is now; the others as they last said.",
        tag: tags.server,
        answer: NodesAnswer,
      }),
    },
  );
}
