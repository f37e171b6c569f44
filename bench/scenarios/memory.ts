import type { Socket } from "bun";
import { bareWebSocket, fanfare } from "../candidates.ts";
import { clientPong } from "../load/client-frame.ts";
import { FrameCounter } from "../load/frame-counter.ts";
import { openMany, openRawRequest, upgradeRequest } from "../load/raw-request.ts";
import { type Candidate, ServerProcess } from "../measure/server-process.ts";
import type { Effort, Scenario } from "../scenario.ts";

const targetBytes = 3.5 * 1024;
/** Connections before the first measurement, so that what the server sets up once is not divided among them. */
const firstConnections = 1000;
const settleTimeoutMs = 20_000;
const settleIntervalMs = 1000;
/** Resident memory that moves less than this share within an interval is settled. */
const settledShare = 0.002;

const settledResidentBytes = async (server: ServerProcess): Promise<number> => {
  const deadline = performance.now() + settleTimeoutMs;
  let before = server.residentBytes();
  for (;;) {
    await Bun.sleep(settleIntervalMs);
    const now = server.residentBytes();
    if (Math.abs(now - before) < settledShare * before || performance.now() > deadline) return now;
    before = now;
  }
};

/** A connection that answers pings and is otherwise silent. */
const openIdleWebSocket = async (port: number): Promise<Socket> => {
  let socket: Socket | null = null;
  const frames = new FrameCounter(() => socket?.write(clientPong));
  socket = await openRawRequest(
    {
      port,
      text: upgradeRequest("/ws?topics=chat,notifications,alerts"),
      onBytes: (bytes) => void frames.push(bytes),
      onEnd: () => {},
    },
    101,
  );
  return socket;
};

/** Resident bytes that each idle WebSocket of three topics adds. */
const bytesPerConnection = async (candidate: Candidate, effort: Effort): Promise<number> => {
  await using server = await ServerProcess.start(candidate, effort.start);
  const open = (count: number) => openMany(count, () => openIdleWebSocket(server.port));
  const sockets = await open(firstConnections);
  const before = await settledResidentBytes(server);
  const added = effort.idleConnections - firstConnections;
  sockets.push(...(await open(added)));
  const after = await settledResidentBytes(server);
  for (const socket of sockets) socket.terminate();
  return (after - before) / added;
};

/** One server after the other: both at once would need more descriptors than one process may have. */
export const memory: Scenario = {
  name: "memory",
  byDefault: true,
  run: async (effort, report) => {
    const bare = await bytesPerConnection(bareWebSocket, effort);
    const measured = await bytesPerConnection(fanfare, effort);
    report({
      scenario: `Idle WebSocket, ${effort.idleConnections} connections, 3 topics each`,
      unit: "bytes/connection",
      bare,
      fanfare: measured,
      ratio: null,
      target: { kind: "fanfare", atMost: targetBytes },
    });
  },
};
