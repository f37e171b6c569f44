import type { Config } from "../config/index.ts";
import { logCrashes } from "./crash.ts";
import { exitCodes } from "./exit-codes.ts";
import { type RunningServer, startServer } from "./server.ts";
import { onReloadSignal, onReplaceSignal, onStopSignals } from "./signals.ts";
import { logStart } from "./start-log.ts";

/** Where `--hot` finds the server of the module that it replaces. */
const runningKey = Symbol.for("fanfare.running-server");
const globals = globalThis as { [runningKey]?: RunningServer };

/** Runs a server that is one process until it is told to stop. Throws what `startServer` throws. */
export async function runAlone(config: Config, warnings: readonly string[]): Promise<void> {
  await globals[runningKey]?.stop();
  const server = await startServer(config);
  globals[runningKey] = server;
  const { log } = server;
  logCrashes(log);
  logStart(log, config, warnings);
  log.info({ url: server.url, host: config.host, port: server.port }, "listening");
  if (server.adminUrl !== null) log.info({ url: server.adminUrl }, "listening for administration");
  const stop = (signal: NodeJS.Signals) => {
    log.info({ signal }, "stop signal");
    void server.drain().then(async () => {
      log.info({}, "stopped");
      await log.close();
      process.exit(exitCodes.stopped);
    });
  };
  onStopSignals(stop, (signal) => {
    log.warning({ signal }, "second stop signal: closing the connections that are left");
    server.force();
  });
  onReloadSignal(() => void server.reload(), stop);
  onReplaceSignal(() => {
    log.warning({}, "SIGUSR2 has no effect: it replaces workers one by one, and this is the only process");
  });
}
