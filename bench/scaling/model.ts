/** What was measured on one machine: `bench/scaling/measured.json` says when, where and by which commands. */
export interface MeasuredCosts {
  /** Processor time of a node for one publication that clients hand in, its way to Redis and its ack, in µs. */
  readonly publishUs: number;
  /** Processor time of a node for one publication that arrives from Redis, before it is handed to anybody, in µs. */
  readonly receiveUs: number;
  /** Processor time of a node for one delivery to one connection, in µs. */
  readonly deliverUs: number;
  /** Processor time of Redis for one publication, alone in its batch: the worst case, in µs. */
  readonly redisUs: number;
  /** Memory of one idle connection, in bytes. */
  readonly connectionBytes: number;
  /** Connections that one process holds in tests of this project. */
  readonly connectionsPerProcess: number;
}

/** What an application does at its busiest. */
export interface Load {
  readonly connections: number;
  /** In one second, over all topics. */
  readonly publications: number;
  /** Connections that one publication goes to, on average. */
  readonly readers: number;
  /** Bytes of one publication. */
  readonly bytes: number;
}

export interface Needs {
  /** Processes, one core each. */
  readonly processes: number;
  /** Of all processes' time, how much goes where. */
  readonly shares: { readonly publishing: number; readonly receiving: number; readonly delivering: number };
  /** Processes that have a reader of a publication, on average. */
  readonly interested: number;
  /** Masters of Redis; one is a Redis without a cluster. */
  readonly redisMasters: number;
  /** Share of one core that a master of Redis uses. */
  readonly redisLoad: number;
  /** What Redis sends in a second, in bytes. */
  readonly redisBytesPerSecond: number;
  /** Memory of all connections together, in bytes. */
  readonly connectionBytes: number;
}

/** Share of a core that is planned for: the rest is for bursts, and for what the others of a failed one take over. */
export const plannedShare = 0.5;

const processesMax = 100_000;

/**
 * What a load needs. Cost grows with interest: a process receives what its clients read, so with readers spread at
 * random over the processes a publication arrives at `n * (1 - (1 - 1/n)^readers)` of `n` of them.
 */
export function needsOf(load: Load, costs: MeasuredCosts): Needs {
  const { publications, readers, connections } = load;
  const publishing = publications * costs.publishUs;
  const delivering = publications * readers * costs.deliverUs;
  let processes = Math.max(1, Math.ceil(connections / costs.connectionsPerProcess));
  let interested = interestedOf(processes, readers);
  // More processes have more of them interested, a little: the smallest number that carries its own share.
  while (
    publishing + delivering + publications * interested * costs.receiveUs >
    processes * plannedShare * 1e6
  ) {
    processes++;
    if (processes > processesMax) throw new RangeError("no number of processes carries this load");
    interested = interestedOf(processes, readers);
  }
  const receiving = publications * interested * costs.receiveUs;
  const all = processes * 1e6;
  const redisLoad = (publications * costs.redisUs) / 1e6;
  const redisMasters = Math.max(1, Math.ceil(redisLoad / plannedShare));
  return {
    processes,
    shares: { publishing: publishing / all, receiving: receiving / all, delivering: delivering / all },
    interested,
    redisMasters,
    redisLoad: redisLoad / redisMasters,
    redisBytesPerSecond: publications * interested * load.bytes,
    connectionBytes: connections * costs.connectionBytes,
  };
}

function interestedOf(processes: number, readers: number): number {
  return processes * (1 - (1 - 1 / processes) ** readers);
}
