import { type Access, accessByGrants } from "../auth/access.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { createCluster } from "../cluster/create-cluster.ts";
import type { NodeFacts } from "../cluster/node-facts.ts";
import { type Config, version } from "../config/index.ts";
import type { MaybePromise } from "../core/maybe-promise.ts";
import { Hub } from "../hub/hub.ts";
import type { TopicPayload } from "../protocol/topic-payload.ts";
import { accessByRules } from "../rules/access.ts";
import type { TopicRules } from "../rules/topic-rules.ts";
import type { SessionContext } from "../session/context.ts";
import type { HandshakeRules } from "../session/handshake.ts";
import { notificationsTopic } from "../session/recent.ts";
import { Requests } from "../session/requests.ts";
import { UserRegistry } from "../session/user-registry.ts";
import type { Log } from "../telemetry/log.ts";
import type { Telemetry } from "../telemetry/telemetry.ts";
import type { Admission } from "../transport/admission.ts";
import type { ConnectionEvents } from "../transport/connection-events.ts";
import { EventStreamFanOut } from "../transport/event-stream-fan-out.ts";
import { EventStreamServer } from "../transport/event-stream-server.ts";
import { WebSocketFanOut } from "../transport/websocket-fan-out.ts";
import { WebSocketServer } from "../transport/websocket-server.ts";
import { type Authentication, createAuthentication } from "./authentication.ts";
import { createAdmission, createFrameRates } from "./create-admission.ts";
import { connectRedis, createBroker } from "./create-broker.ts";
import type { Drainable } from "./drain.ts";
import { LoadWatch } from "./load-watch.ts";
import { reconsiderAll } from "./reconsider.ts";
import { remembered } from "./remembered.ts";
import { sharedRevocations } from "./shared-revocations.ts";
import { systemClock, systemRandom, systemScheduler } from "./system-ports.ts";
import { createTopicPolicy } from "./topic-policy.ts";

/** Share of the backpressure limit that is handed out between two looks at the sockets' buffers. */
const sampleShare = 1 / 8;

/** Bytes of a topic that one turn of the event loop hands out: so many, and no more than a share of that limit. */
const tickBytesMax = 1024 * 1024;
const tickShare = 1 / 4;

/** What clients are told of the server's state may be this old: to gather it takes longer than any other command. */
const statusFreshMs = 100;

/** Members' coming and going is gathered for so long. */
const membershipWindowMs = 500;

/** The parts of one server process, put together; everything but its sockets. */
export interface Node {
  readonly name: string;
  readonly hub: Hub;
  readonly users: UserRegistry;
  readonly requests: Requests;
  readonly cluster: Cluster;
  /** Unix milliseconds. */
  readonly startedAt: number;
  readonly webSockets: WebSocketServer;
  readonly webSocketFanOut: WebSocketFanOut;
  readonly eventStreams: EventStreamServer;
  readonly eventStreamFanOut: EventStreamFanOut;
  readonly admission: Admission;
  readonly authentication: Authentication;
  readonly access: Access;
  readonly handshakes: HandshakeRules;
  /** Connections open now, of every transport. */
  open(): number;
  /** Every connection, of every transport. */
  connections(): Iterable<Drainable>;
  /** What publications must have as `data`; another list when the rules of topics are other ones. */
  payloads(): readonly TopicPayload[];
  /** The rules of topics are other ones now: they hold from now on, also for those who are connected. */
  rulesChanged(): void;
  /** Tells every WebSocket a text of its own, and all event streams one. */
  notify(type: string, textOf: () => string): void;
  close(): Promise<void>;
}

/** Composes a node. `status` is what a `status_request` answers. */
export function createNode(
  config: Config,
  ports: {
    readonly name: string;
    readonly rules: TopicRules;
    readonly log: Log;
    readonly telemetry: Telemetry;
    readonly events: ConnectionEvents;
    readonly status: () => MaybePromise<object>;
  },
): Node {
  const { telemetry, events } = ports;
  const { counters } = telemetry;
  const { rules } = ports;
  const tellsMembership = (topic: string) => rules.of(topic).joinLeave;
  const redis = connectRedis(config, { log: ports.log, describe: () => facts(), tellsMembership });
  const authentication = createAuthentication(config, { log: ports.log });
  const shared = { clock: systemClock, scheduler: systemScheduler, random: systemRandom };
  const webSocketFanOut = new WebSocketFanOut(counters, config.backpressureLimitBytes * sampleShare, () =>
    webSockets.sampleBuffers(),
  );
  const eventStreamFanOut = new EventStreamFanOut(counters, systemScheduler, (stream) =>
    eventStreams.watch(stream),
  );
  const hub = new Hub(
    {
      resumeLimit: config.resumeLimit,
      resumeBytesMax: config.backpressureLimitBytes / 2,
      tickBytesMax: Math.min(tickBytesMax, config.backpressureLimitBytes * tickShare),
      subscribersMax: config.subscribersPerTopicMax,
      membershipWindowMs,
      tellsMembership,
    },
    {
      scheduler: systemScheduler,
      counters,
      publishTimer: telemetry.publishTimer,
      fanOuts: [webSocketFanOut, eventStreamFanOut],
      policy: createTopicPolicy(config, rules, () => load.refusesPublications),
      broker: (sink) => createBroker(config, sink, { redis, counters: counters.relay, rules }),
    },
  );
  const users = new UserRegistry();
  const requests = new Requests(systemScheduler);
  const access = accessByRules(rules, accessByGrants);
  const handshakes: HandshakeRules = {
    topicsMax: config.topicsPerConnectionMax,
    defaultRole: config.defaultClient,
    access,
  };
  const session: SessionContext = {
    hub,
    users,
    requests,
    authentication: {
      authenticator: authentication.authenticator,
      admitted: authentication.admitted,
      access,
      seesMembers: (identity, topic) =>
        tellsMembership(topic) && access(identity, "presence", topic) === null,
      defaultRole: config.defaultClient,
      clockSkewMs: config.jwtClockSkewMs,
    },
    limits: {
      topicsMax: config.topicsPerConnectionMax,
      commandsInFlightMax: config.commandsInFlightMax,
      presenceMembersMax: config.presenceMembersMax,
      backpressureLimitBytes: config.backpressureLimitBytes,
      pingIntervalMs: config.pingIntervalMs,
      recent: { count: config.recentNotifications, ttlMs: config.recentTtlMs },
    },
    rates: createFrameRates(config),
    counters,
    clock: systemClock,
    scheduler: systemScheduler,
    node: ports.name,
    status: config.adminPort === 0 ? remembered(statusFreshMs, systemClock, ports.status) : null,
  };
  const open = () => webSockets.open + eventStreams.open;
  function* connections() {
    yield* webSockets.connections();
    yield* eventStreams.connections();
  }
  const load = new LoadWatch(
    // Each of the processes has its share.
    { lagMs: config.shedLagMs, memoryBytes: config.shedMemoryBytes / config.workers },
    { log: ports.log, connections },
  );
  const admission = createAdmission(config, {
    openNow: open,
    isOverloaded: () => load.refusesConnections,
  });
  const webSockets = new WebSocketServer(
    {
      pingIntervalMs: config.pingIntervalMs,
      pingTimeoutMs: config.pingTimeoutMs,
      maxFrameBytes: config.maxFrameBytes,
      backpressureLimitBytes: config.backpressureLimitBytes,
      compression: config.wsCompression,
      authTimeoutMs: config.authTimeoutMs,
    },
    { session, handshakes, seats: () => cluster.seats, events, places: admission, ...shared },
  );
  const eventStreams = new EventStreamServer(
    {
      retryMs: config.sseRetryMs,
      heartbeatMs: config.sseHeartbeatMs,
      backpressureLimitBytes: config.backpressureLimitBytes,
    },
    {
      hub,
      users,
      requests,
      authentication: session.authentication,
      fanOut: eventStreamFanOut,
      events,
      places: admission,
      errors: counters.errors,
      ...shared,
    },
  );
  const startedAt = systemClock.now();
  const facts = (): NodeFacts => ({
    node: ports.name,
    version,
    pid: process.pid,
    started_at: startedAt,
    connections: { websocket: webSockets.open, sse: eventStreams.open },
    subscriptions: hub.subscriptions,
    notification_readers: hub.subscribersByFormat(notificationsTopic).json ?? 0,
    draining: admission.isDraining,
  });
  const cluster = createCluster(
    { users, requests, facts, duplicateUser: config.duplicateUser },
    redis === null
      ? null
      : {
          options: { nodeId: redis.nodeId, maxFrameBytes: config.maxFrameBytes },
          ports: { ...redis, names: redis.keys, ...shared },
        },
  );
  if (redis !== null) authentication.revoker.connect(sharedRevocations(redis, cluster));
  telemetry.setSource({
    connections: () => ({ websocket: webSockets.open, sse: eventStreams.open }),
    subscriptions: () => hub.subscriptions,
    topics: () => hub.broker.usage().topics,
    ringBytes: () => hub.broker.usage().historyBytes,
    load: () => load.state(),
    isBrokerConnected: () => hub.broker.isConnected,
  });
  return {
    name: ports.name,
    hub,
    users,
    requests,
    cluster,
    startedAt,
    webSockets,
    webSocketFanOut,
    eventStreams,
    eventStreamFanOut,
    admission,
    authentication,
    access,
    handshakes,
    open,
    connections,
    payloads: () => rules.payloads,
    rulesChanged() {
      hub.policyChanged();
      reconsiderAll([...webSockets.sessions(), ...eventStreams.readers()], systemScheduler);
    },
    notify(type, textOf) {
      for (const link of webSockets.connections()) link.session?.tell(type, textOf());
      eventStreams.tellAll(type, textOf());
    },
    close: async () => {
      authentication.close();
      load.stop();
      webSockets.close();
      eventStreams.close();
      cluster.close();
      await hub.close();
    },
  };
}
