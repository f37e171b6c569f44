import type { Config, Environment } from "../config/index.ts";
import { exitCodes } from "./exit-codes.ts";
import { describeListenFailure } from "./listen-failure.ts";
import { reloadOnChange } from "./reload.ts";
import { InvalidRules } from "./rules-reload.ts";
import { runAlone } from "./run-alone.ts";
import { runSupervisor } from "./supervisor/run-supervisor.ts";
import { readPlace } from "./worker/place.ts";
import { runWorker } from "./worker/run-worker.ts";

/** Runs the server as the settings say: alone, as the supervisor of several workers, or as one of those. */
export async function run(config: Config, warnings: readonly string[], dotEnv: Environment): Promise<void> {
  const place = readPlace();
  try {
    if (place !== null) await runWorker({ ...config, port: place.port }, place);
    else if (config.workers > 1) runSupervisor(config, warnings, dotEnv);
    else if (!config.reload || !reloadOnChange()) await runAlone(config, warnings);
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
