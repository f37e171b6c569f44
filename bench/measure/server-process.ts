import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Subprocess } from "bun";
import { cpuSeconds, residentBytes } from "./process-usage.ts";

/** A server to be measured. */
export interface Candidate {
  readonly name: string;
  /** The program, from the root of the repository. */
  readonly program: string;
  readonly environment: Readonly<Record<string, string>>;
  /** What clients add to the query they connect with. */
  readonly query?: string;
}

export interface StartOptions {
  /** Where a CPU profile of the server is to be written when it stops. */
  readonly profileFolder?: string;
}

const root = join(import.meta.dir, "..", "..");
const startTimeoutMs = 10_000;
const stopTimeoutMs = 5_000;

/** A candidate, running in a process and a folder of its own. */
export class ServerProcess implements AsyncDisposable {
  readonly name: string;
  readonly port: number;
  readonly #child: Subprocess;
  readonly #folder: string;
  readonly #isProfiled: boolean;

  private constructor(candidate: Candidate, port: number, options: StartOptions) {
    this.name = candidate.name;
    this.port = port;
    this.#isProfiled = options.profileFolder !== undefined;
    // A folder of its own: neither a .env file nor the log folder of the repository is to play a part.
    this.#folder = mkdtempSync(join(tmpdir(), "fanfare-bench-"));
    const flags =
      options.profileFolder === undefined ? [] : profileFlags(options.profileFolder, candidate.name);
    this.#child = Bun.spawn([process.execPath, ...flags, join(root, candidate.program)], {
      cwd: this.#folder,
      env: { PATH: process.env.PATH ?? "", ...candidate.environment, PORT: String(port) },
      stdout: "ignore",
      stderr: "inherit",
    });
  }

  /** Resolves when it listens. */
  static async start(candidate: Candidate, options: StartOptions = {}): Promise<ServerProcess> {
    const server = new ServerProcess(candidate, freePort(), options);
    const deadline = performance.now() + startTimeoutMs;
    while (!(await isListening(server.port))) {
      if (server.#child.exitCode !== null)
        throw new Error(`${candidate.name} exited with ${server.#child.exitCode}`);
      if (performance.now() > deadline) throw new Error(`${candidate.name} does not listen`);
      await Bun.sleep(20);
    }
    return server;
  }

  cpuSeconds(): number {
    return cpuSeconds(this.#child.pid);
  }

  residentBytes(): number {
    return residentBytes(this.#child.pid);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // A profile is written only by a process that ends in order.
    if (this.#isProfiled) {
      this.#child.kill("SIGTERM");
      await Promise.race([this.#child.exited, Bun.sleep(stopTimeoutMs)]);
    }
    this.#child.kill("SIGKILL");
    await this.#child.exited;
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

const profileFlags = (folder: string, name: string): string[] => [
  "--cpu-prof",
  `--cpu-prof-dir=${folder}`,
  `--cpu-prof-name=${name.replaceAll(/\W+/g, "-")}-${Date.now()}.cpuprofile`,
];

const freePort = (): number => {
  const probe = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data: () => {} } });
  const { port } = probe;
  probe.stop(true);
  return port;
};

const isListening = async (port: number): Promise<boolean> => {
  try {
    const socket = await Bun.connect({ hostname: "127.0.0.1", port, socket: { data: () => {} } });
    socket.terminate();
    return true;
  } catch {
    return false;
  }
};
