import { hostname } from "node:os";
import type { Server } from "bun";
import type { Config } from "../config/index.ts";
import { version } from "../config/index.ts";
import { allowedOriginsOf } from "../core/origin.ts";
import { createHttpApplication } from "../http/application.ts";
import { pathOf } from "../http/request-url.ts";
import { addSecurityHeaders } from "../http/security-headers.ts";
import { statusOf } from "../http/status.ts";
import type { RulesByPattern } from "../rules/topic-rules.ts";
import { createLog, type Log } from "../telemetry/log.ts";
import { countOpenFiles, readOpenFilesLimit } from "../telemetry/process-facts.ts";
import { createTelemetry } from "../telemetry/telemetry.ts";
import type { WebSocketLink } from "../transport/websocket-link.ts";
import { upgradeWebSocket } from "../transport/websocket-upgrade.ts";
import { loadPage } from "../web/assets.ts";
import { listenForAdministration } from "./admin-listener.ts";
import { Background } from "./background.ts";
import { connectionLog, refusalLog } from "./connection-log.ts";
import { Drain } from "./drain.ts";
import { createHttpContext } from "./http-context.ts";
import { Listener } from "./listener.ts";
import { createNode } from "./node.ts";
import { OpenFiles } from "./open-files.ts";
import { systemClock, systemRandom } from "./system-ports.ts";
import { createTopicRules } from "./topic-policy.ts";

/** A server that is up. */
export interface RunningServer {
  /** Where it is reached from this machine, without a trailing slash. */
  readonly url: string;
  readonly port: number;
  /** Where administration is reached, if it has a port of its own. */
  readonly adminUrl: string | null;
  /** Name of this node in answers and logs. */
  readonly node: string;
  readonly log: Log;
  /** All rules of topics give way to these. */
  replaceRules(rules: RulesByPattern): void;
  /** Lets the clients go as the settings say, then stops. The same promise however often it is called. */
  drain(): Promise<void>;
  /** Ends a drain's waiting. */
  force(): void;
  /** Stops at once; clients are cut off. */
  stop(): Promise<void>;
}

/** Characters of randomness in a node's name. */
const nodeSuffixLength = 6;

/** How long requests that are under way hold up the end. */
const requestsWaitMs = 2000;

/** What a server is started with beside its settings. */
interface StartOptions {
  readonly log?: Log;
  /** What the rules file says; absent: there is none. */
  readonly rules?: RulesByPattern;
}

/** Starts a server in this process. Throws what `Bun.serve` throws when the address cannot be listened on. */
export async function startServer(config: Config, options: StartOptions = {}): Promise<RunningServer> {
  const name = `${hostname().slice(0, 40)}-${systemRandom.token(nodeSuffixLength)}`;
  const log = options.log ?? openLog(config, name);
  const telemetry = createTelemetry({ version });
  const rules = createTopicRules(config, options.rules ?? new Map());
  const node = createNode(config, {
    name,
    rules,
    log,
    telemetry,
    events: connectionLog(log, telemetry),
    status: () => statusOf(httpContext),
  });
  const httpContext = createHttpContext(config, node, { telemetry, log, pageFiles: await loadPage() });
  const application = createHttpApplication(httpContext, config.adminPort === 0 ? "all" : "clients");
  const upgradeOptions = {
    allowedOrigins: allowedOriginsOf(config),
    topicsMax: config.topicsPerConnectionMax,
    defaultRole: config.defaultClient,
  };
  const upgradePorts = {
    webSockets: node.webSockets,
    admission: node.admission,
    seats: node.cluster.seats,
    refused: refusalLog(log, telemetry),
  };
  const secured = (refused: Response | undefined) => {
    if (refused !== undefined) addSecurityHeaders(refused.headers, config);
    return refused;
  };
  const listen = (port: number): Server<WebSocketLink> =>
    Bun.serve<WebSocketLink>({
      hostname: config.host,
      port,
      development: false,
      // Outside development Bun would share the port with a second server, started by mistake, in silence.
      reusePort: false,
      idleTimeout: Math.ceil(config.httpIdleTimeoutMs / 1000),
      // Bodies are bounded where they are read: Bun would cut the caller off, or answer without saying why.
      maxRequestBodySize: Number.MAX_SAFE_INTEGER,
      websocket: node.webSockets.handler,
      fetch(request, bunServer) {
        if (pathOf(request.url) === config.wsPath) {
          const refused = upgradeWebSocket(request, bunServer, upgradeOptions, upgradePorts);
          return refused instanceof Promise ? refused.then(secured) : secured(refused);
        }
        return application.fetch(request, bunServer);
      },
    });
  const listener = new Listener(listen, config.port, {
    openFiles: new OpenFiles(readOpenFilesLimit(), countOpenFiles),
    log,
  });
  const adminListener = listenForAdministration(config, () =>
    createHttpApplication(httpContext, "administration"),
  );
  node.webSocketFanOut.attach((native, text) => listener.publish(native, text));

  const drain = new Drain(
    { timeoutMs: config.shutdownTimeoutMs, ratePerSecond: config.drainRatePerSecond },
    {
      clock: systemClock,
      log,
      open: node.open,
      connections: node.connections,
      allHandedOver: () => node.hub.allHandedOver,
      notify: node.notify,
    },
  );
  const background = new Background(config, {
    hub: node.hub,
    cluster: node.cluster,
    clock: systemClock,
    counters: telemetry.counters,
  });
  const stop = async () => {
    background.stop();
    await Promise.all([listener.stop(), adminListener?.stop(true)]);
    await node.close();
    telemetry.stop();
  };
  const close = async () => {
    await Promise.race([listener.finish(), Bun.sleep(requestsWaitMs)]);
    await stop();
  };
  let draining: Promise<void> | null = null;
  return {
    url: `http://${reachableHost(config.host)}:${listener.port}`,
    port: listener.port,
    adminUrl:
      adminListener === null ? null : `http://${reachableHost(config.adminHost)}:${adminListener.port}`,
    node: name,
    log,
    replaceRules(byPattern) {
      rules.replace(byPattern);
      node.hub.policyChanged();
    },
    drain() {
      draining ??= (async () => {
        node.admission.drain();
        background.stop();
        log.info({ connections_left: node.open() }, "shutting down");
        await drain.run();
        await close();
      })();
      return draining;
    },
    force: () => drain.force(),
    stop,
  };
}

function openLog(config: Config, node: string): Log {
  return createLog({
    level: config.logLevel,
    format: config.logFormat,
    directory: config.logDir === "none" ? null : config.logDir,
    rotationBytes: config.logRotationBytes,
    retentionMs: config.logRetentionMs,
    base: { node },
  });
}

/** From this machine, an address that stands for all of them is reached on the loopback one. */
function reachableHost(host: string): string {
  if (host === "0.0.0.0" || host === "::" || host === "localhost") return "127.0.0.1";
  return host.includes(":") ? `[${host}]` : host;
}
