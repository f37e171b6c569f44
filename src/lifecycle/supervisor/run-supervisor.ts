import type { Config, Environment } from "../../config/index.ts";
import { AdminListenError } from "../admin-listener.ts";
import { logCrashes } from "../crash.ts";
import { exitCodes } from "../exit-codes.ts";
import { openLog } from "../open-log.ts";
import { reachableUrl } from "../reachable-url.ts";
import { onReloadSignal, onReplaceSignal, onStopSignals } from "../signals.ts";
import { logStart } from "../start-log.ts";
import { holdPort } from "./port.ts";
import { Supervisor } from "./supervisor.ts";
import { workerCommand } from "./worker-command.ts";

/** Runs `config.workers` processes on one port until it is told to stop. Throws when the port cannot be listened on. */
export function runSupervisor(config: Config, warnings: readonly string[], dotEnv: Environment): void {
  checkAdminPort(config);
  const held = holdPort(config.host, config.port);
  const { port } = held;
  const log = openLog(config, {});
  logCrashes(log);
  logStart(log, config, warnings);
  const end = async (exitCode: number) => {
    await supervisor.stop();
    if (exitCode === exitCodes.stopped) log.info({}, "stopped");
    await log.close();
    process.exit(exitCode);
  };
  const supervisor = new Supervisor(config.workers, {
    log,
    commandOf: (number) => workerCommand({ number, port }, dotEnv),
    listening: () => held.release(),
    up: () => {
      const url = reachableUrl(config.host, port);
      log.info({ url, host: config.host, port, workers: supervisor.pids }, "listening");
      if (config.adminPort !== 0) {
        log.info({ url: reachableUrl(config.adminHost, config.adminPort) }, "listening for administration");
      }
    },
    failed: (exitCode) => {
      log.critical({}, "the workers cannot start: standard error says why");
      void end(exitCode);
    },
  });
  supervisor.start();
  const stop = (signal: NodeJS.Signals) => {
    log.info({ signal }, "stop signal");
    void end(exitCodes.stopped);
  };
  onStopSignals(stop, (signal) => {
    log.warning({ signal }, "second stop signal: closing the connections that are left");
    supervisor.force();
  });
  onReloadSignal(() => supervisor.signal("SIGHUP"), stop);
  onReplaceSignal(() => void supervisor.replace());
}

function checkAdminPort({ adminHost, adminPort }: Config): void {
  if (adminPort === 0) return;
  try {
    holdPort(adminHost, adminPort);
  } catch (error) {
    throw new AdminListenError(error as Error, `${adminHost}:${adminPort}`);
  }
}
