import { type Config, type Environment, hasRedis } from "../config/index.ts";
import { exitCodes } from "./exit-codes.ts";
import { describeListenFailure } from "./listen-failure.ts";
import { reloadOnChange } from "./reload.ts";
import { InvalidRules } from "./rules-reload.ts";
import { readPlace } from "./worker/place.ts";

/** Runs the server as the settings say: alone, as the supervisor of several workers, or as one of those. */
export async function run(config: Config, warnings: readonly string[], dotEnv: Environment): Promise<void> {
  const place = readPlace();
  if (place !== null && !hasRedis(config)) {
    // The settings were others when the supervisor started: they may be right for a server that is one process.
    console.error("Workers need Redis between them: set REDIS_URL, or start the server anew as one process.");
    process.exit(exitCodes.invalidSettings);
  }
  try {
    // Whoever serves nothing itself need not hold all that serves in memory.
    if (place !== null) {
      const { runWorker } = await import("./worker/run-worker.ts");
      await runWorker({ ...config, port: place.port }, place);
    } else if (config.workers > 1) {
      const { runSupervisor } = await import("./supervisor/run-supervisor.ts");
      runSupervisor(config, warnings, dotEnv);
    } else if (!config.reload || !reloadOnChange()) {
      const { runAlone } = await import("./run-alone.ts");
      await runAlone(config, warnings);
    }
  } catch (error) {
    failToStart(config, error);
  }
}

function failToStart(config: Config, error: unknown): void {
  if (error instanceof InvalidRules) {
    console.error(error.message);
    process.exit(exitCodes.invalidSettings);
  }
  const message = describeListenFailure(config, error);
  if (message === null) {
    console.error("Cannot start:", error);
    process.exitCode = exitCodes.failed;
  } else {
    console.error(message);
    // At once: for no change of a source file would `--watch` have to wait.
    process.exit(exitCodes.failed);
  }
}
