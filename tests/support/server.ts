import { join } from "node:path";
import { type Config, createConfig } from "../../src/config/index.ts";
import { type RunningServer, startServer } from "../../src/lifecycle/server.ts";
import { createLog } from "../../src/telemetry/log.ts";
import { guardProcess, releaseProcess } from "./orphan-guard.ts";
import { until } from "./until.ts";

/** A server in this process on a free port, with quiet logs and no files. */
export async function startTestServer(overrides: Partial<Config> = {}): Promise<RunningServer> {
  const config = createConfig({
    host: "127.0.0.1",
    port: 0,
    logLevel: "critical",
    notificationIntervalMs: 0,
    ...overrides,
  });
  const log = createLog({
    level: config.logLevel,
    format: "json",
    directory: null,
    rotationBytes: config.logRotationBytes,
    retentionMs: config.logRetentionMs,
  });
  return await startServer(config, { log });
}

export interface SpawnedServer {
  readonly url: string;
  readonly port: number;
  readonly process: Bun.Subprocess;
  /** What it printed so far, line by line. */
  readonly lines: readonly string[];
  /** The first line, printed or yet to come, that matches. */
  waitForLog(pattern: RegExp, patienceMs?: number): Promise<string>;
  /** Kills it and waits until it is gone. */
  stop(): Promise<void>;
}

const root = new URL("../..", import.meta.url).pathname;

/** A server as a real process, as `bun src/main.ts` starts it; resolves when it is listening. */
export async function spawnServer(
  options: {
    args?: string[];
    env?: Record<string, string>;
    cwd?: string;
    /** Another checkout than this one. */
    root?: string;
    /** Flags of Bun itself. */
    bunFlags?: string[];
    /** A command that runs the one behind it, such as a shell that sets a limit first. */
    wrapper?: string[];
  } = {},
): Promise<SpawnedServer> {
  const lines: string[] = [];
  const folder = options.root ?? root;
  const command = [process.execPath, ...(options.bunFlags ?? []), join(folder, "src/main.ts")];
  const child = Bun.spawn([...(options.wrapper ?? []), ...command, ...(options.args ?? [])], {
    cwd: options.cwd ?? folder,
    env: {
      PATH: process.env.PATH ?? "",
      HOST: "127.0.0.1",
      PORT: "0",
      LOG_DIR: "none",
      NOTIFICATION_INTERVAL: "0",
      ...options.env,
    },
    stdio: ["ignore", "pipe", "pipe"],
    // A group of its own: with --dev there is a second process, which must not stay behind.
    detached: true,
  });
  guardProcess(-child.pid);
  void collectLines(child.stdout, lines);
  void collectLines(child.stderr, lines);
  const waitForLog = async (pattern: RegExp, patienceMs = 10_000): Promise<string> => {
    const find = () => lines.find((line) => pattern.test(line));
    await until(() => find() !== undefined || child.exitCode !== null, patienceMs).catch(() => undefined);
    const line = find();
    if (line === undefined) throw new Error(`no line like ${pattern}; it printed:\n${lines.join("\n")}`);
    return line;
  };
  const listening = await waitForLog(/listening/);
  const url = /http:\/\/[0-9.]+:[0-9]+/.exec(listening)?.[0];
  if (url === undefined) throw new Error(`no address in: ${listening}`);
  return {
    url,
    port: Number(new URL(url).port),
    process: child,
    lines,
    waitForLog,
    async stop() {
      try {
        process.kill(-child.pid, "SIGKILL");
      } catch {
        // All of them are gone already.
      }
      await child.exited;
      releaseProcess(-child.pid);
    },
  };
}

async function collectLines(stream: ReadableStream<Uint8Array>, lines: string[]): Promise<void> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of stream) {
    const parts = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = parts.pop() ?? "";
    lines.push(...parts.filter((line) => line !== ""));
  }
  if (rest !== "") lines.push(rest);
}
