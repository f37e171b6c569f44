import { type Config, isOpenMode } from "../config/index.ts";
import type { Log } from "../telemetry/log.ts";

/** What is to be known of a server that starts: the settings' warnings, and what they leave open. */
export function logStart(log: Log, config: Config, warnings: readonly string[]): void {
  for (const warning of warnings) log.warning({}, warning);
  if (config.reload && Bun.isStandaloneExecutable) {
    log.warning({}, "RELOAD has no effect: a compiled server has no sources that could change");
  }
  if (isOpenMode(config)) {
    log.warning(
      {},
      "open mode: no tokens or keys are configured, anyone who reaches this address may publish",
    );
  }
}
