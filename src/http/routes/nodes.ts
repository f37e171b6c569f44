import { Elysia } from "elysia";
import { NodesAnswer } from "../answer-schemas.ts";
import type { HttpContext } from "../context.ts";
import { documented, tags } from "../documentation.ts";

export function nodesRoute(context: HttpContext) {
  return new Elysia().get("/nodes", () => ({ nodes: [thisNode(context)] }), {
    detail: documented({ summary: "List server processes", tag: tags.server, answer: NodesAnswer }),
  });
}

function thisNode(context: HttpContext) {
  return {
    node: context.node,
    version: context.version,
    pid: process.pid,
    uptime_seconds: (Date.now() - context.startedAt) / 1000,
    connections: context.connections(),
    draining: context.drainState() === "draining",
  };
}
