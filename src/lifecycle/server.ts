import { hostname } from "node:os";
import type { Server } from "bun";
import type { Broker } from "../broker/port.ts";
import type { Config } from "../config/index.ts";
import { version } from "../config/index.ts";
import { allowedOriginsOf } from "../core/origin.ts";
import { createHttpApplication } from "../http/application.ts";
import { pathOf } from "../http/request-url.ts";
import { addSecurityHeaders } from "../http/security-headers.ts";
import { statusOf } from "../http/status.ts";
import type { Log } from "../telemetry/log.ts";
import { countOpenFiles, readOpenFilesLimit } from "../telemetry/process-facts.ts";
import { createTelemetry } from "../telemetry/telemetry.ts";
import type { WebSocketLink } from "../transport/websocket-link.ts";
import { upgradeWebSocket } from "../transport/websocket-upgrade.ts";
import { loadPage } from "../web/assets.ts";
import { listenForAdministration } from "./admin-listener.ts";
import { Background } from "./background.ts";
import { waitForBroker } from "./broker-wait.ts";
import { connectionLog, refusalLog } from "./connection-log.ts";
import { Drain } from "./drain.ts";
import { createHttpContext } from "./http-context.ts";
import { Listener } from "./listener.ts";
import { createNode, type Node } from "./node.ts";
import { OpenFiles } from "./open-files.ts";
import { openLog } from "./open-log.ts";
import { reachableUrl } from "./reachable-url.ts";
import { RulesReload, requireRules } from "./rules-reload.ts";
import { createServerMetrics } from "./server-metrics.ts";
import { systemClock, systemRandom } from "./system-ports.ts";
import { createTopicRules } from "./topic-policy.ts";
import { warnOfUnmetRules } from "./unmet-rules.ts";
import type { Collected, WorkerReport } from "./worker/messages.ts";

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
  /** Reads the files anew that say what clients may do; where one is wrong, all stays as it was. */
  reload(): Promise<void>;
  /** What this process is and has counted. */
  report(): WorkerReport;
  /**
   * Lets the clients go as the settings say, then stops. The same promise however often it is called. `handOver`:
   * other processes listen on the port, and those who come are theirs from now on.
   */
  drain(options?: { readonly handOver: boolean }): Promise<void>;
  /** Ends a drain's waiting. */
  force(): void;
  /** Stops at once; clients are cut off. */
  stop(): Promise<void>;
}

/** Characters of randomness in a node's name. */
const nodeSuffixLength = 6;

/** Who comes before Redis is reached would be told that it is not; one that is down keeps nobody from starting. */
const brokerWaitMs = 1000;

/** How long requests that are under way hold up the end. */
const requestsWaitMs = 2000;

/** How long clients that keep connections for further requests are told not to, before those are closed. */
const moveOnMs = 1000;

/** What a server is started with beside its settings. */
interface StartOptions {
  readonly log?: Log;
  /** It is one of several processes. */
  readonly worker?: {
    readonly number: number;
    /** What all of them say together. */
    readonly collect: () => Promise<Collected>;
    /** What is waited for until it listens. */
    readonly prepare: (broker: Pick<Broker, "check">) => Promise<void>;
  };
}

/** Starts a server in this process. Throws what `Bun.serve` throws when the address cannot be listened on, and InvalidRules. */
export async function startServer(config: Config, options: StartOptions = {}): Promise<RunningServer> {
  const folder = process.cwd();
  const loadedRules = await requireRules(config.rulesFile, folder);
  const name = `${hostname().slice(0, 40)}-${systemRandom.token(nodeSuffixLength)}`;
  const log = options.log ?? openLog(config, { node: name }, options.worker?.number);
  const telemetry = createTelemetry({ version });
  const rules = createTopicRules(config, loadedRules.rules);
  const node = createNode(config, {
    name,
    rules,
    log,
    telemetry,
    events: connectionLog(log, telemetry),
    status: () => statusOf(httpContext),
  });
  await node.authentication.start();
  const report = (): WorkerReport => ({ facts: node.cluster.nodes()[0]!, metrics: telemetry.read() });
  const metrics = createServerMetrics(telemetry, report, options.worker?.collect ?? null);
  const httpContext = createHttpContext(config, node, {
    telemetry,
    metrics,
    log,
    pageFiles: await loadPage(),
  });
  const application = createHttpApplication(httpContext, config.adminPort === 0 ? "all" : "clients");
  const upgradeOptions = {
    allowedOrigins: allowedOriginsOf(config),
    handshakes: node.handshakes,
  };
  const upgradePorts = {
    webSockets: node.webSockets,
    authenticator: node.authentication.authenticator,
    withoutToken: node.authentication.withoutToken,
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
      // Workers share it. Bun would also share it with a second server, started by mistake, in silence.
      reusePort: options.worker !== undefined,
      idleTimeout: Math.ceil(config.httpIdleTimeoutMs / 1000),
      // Bodies are bounded where they are read: Bun would cut the caller off, or answer without saying why.
      maxRequestBodySize: Number.MAX_SAFE_INTEGER,
      websocket: node.webSockets.handler,
      fetch(request, bunServer) {
        if (pathOf(request.url) === config.wsPath) {
          const refused = upgradeWebSocket(request, bunServer, upgradeOptions, upgradePorts);
          return refused instanceof Promise ? refused.then(secured) : secured(refused);
        }
        const answer = application.fetch(request, bunServer);
        return isMovingOn ? closing(answer) : answer;
      },
    });
  let isMovingOn = false;
  const { listener, adminListener } = await orClose(node, async () => {
    await (options.worker?.prepare(node.hub.broker) ?? waitForBroker(node.hub.broker, brokerWaitMs));
    return {
      listener: new Listener(listen, config.port, {
        openFiles: new OpenFiles(readOpenFilesLimit(), countOpenFiles),
        log,
      }),
      adminListener: listenForAdministration(config, () =>
        createHttpApplication(httpContext, "administration"),
      ),
    };
  });
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
    log,
  });
  warnOfUnmetRules(config, loadedRules.rules, log);
  const rulesReload = new RulesReload(config.rulesFile, folder, loadedRules, {
    log,
    replace(byPattern) {
      warnOfUnmetRules(config, byPattern, log);
      rules.replace(byPattern);
      node.rulesChanged();
    },
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
  const handOver = async () => {
    isMovingOn = true;
    await Bun.sleep(moveOnMs);
    await Promise.all([listener.handOver(), adminListener?.stop(false)]);
  };
  let draining: Promise<void> | null = null;
  return {
    url: reachableUrl(config.host, listener.port),
    port: listener.port,
    adminUrl: adminListener === null ? null : reachableUrl(config.adminHost, adminListener.port ?? 0),
    node: name,
    log,
    async reload() {
      await Promise.all([rulesReload.reload(), node.authentication.reload()]);
    },
    report,
    drain(options) {
      draining ??= (async () => {
        background.stop();
        if (options?.handOver) await handOver();
        node.admission.drain();
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

/** What has been connected would keep a process that cannot start alive. */
async function orClose<T>(node: Pick<Node, "close">, begin: () => Promise<T>): Promise<T> {
  try {
    return await begin();
  } catch (error) {
    await node.close();
    throw error;
  }
}

/** An answer after which the client opens another connection. */
async function closing(answer: Response | Promise<Response>): Promise<Response> {
  const response = await answer;
  response.headers.set("connection", "close");
  return response;
}
