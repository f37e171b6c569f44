import { type Config, version } from "../config/index.ts";
import { allowedOriginsOf } from "../core/origin.ts";
import { Callers } from "../http/callers.ts";
import type { HttpContext, HttpMetrics, PageFile } from "../http/context.ts";
import type { Log } from "../telemetry/log.ts";
import type { Telemetry } from "../telemetry/telemetry.ts";
import { acceptEventStream } from "../transport/event-stream-accept.ts";
import { contentSecurityPolicy } from "../web/assets.ts";
import { refusalLog } from "./connection-log.ts";
import type { Node } from "./node.ts";

/** What the HTTP application sees of a node. */
export function createHttpContext(
  config: Config,
  node: Node,
  ports: {
    readonly telemetry: Telemetry;
    readonly metrics: HttpMetrics;
    readonly log: Log;
    readonly pageFiles: readonly PageFile[];
  },
): HttpContext {
  const { counters } = ports.telemetry;
  const { authenticator, revoker, withoutToken } = node.authentication;
  const eventStreamPorts = {
    eventStreams: node.eventStreams,
    admission: node.admission,
    topicsMax: config.sseTopicsMax,
    access: node.access,
    allowedOrigins: allowedOriginsOf(config),
    retryMs: config.sseRetryMs,
    refused: refusalLog(ports.log, ports.telemetry),
  };
  return {
    config,
    hub: node.hub,
    users: node.users,
    cluster: node.cluster,
    callers: new Callers(authenticator, node.access, withoutToken),
    access: node.access,
    revoker: authenticator.takesTokens ? revoker : null,
    counters,
    metrics: ports.metrics,
    log: ports.log,
    node: node.name,
    version,
    startedAt: node.startedAt,
    payloads: () => node.payloads(),
    page: { files: ports.pageFiles, contentSecurityPolicy },
    drainState: () => (node.admission.isDraining ? "draining" : "ready"),
    countWebSocketSubscribers: (topic) => node.hub.subscribersByFormat(topic).json ?? 0,
    openEventStream: (request, server, reader) =>
      acceptEventStream(request, server, reader, eventStreamPorts),
  };
}
