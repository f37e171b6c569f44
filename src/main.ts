import { type Config, loadConfig, readConfigInput } from "./config/index.ts";
import { logCrashes } from "./lifecycle/crash.ts";
import { examineCredentials } from "./lifecycle/credentials.ts";
import { reloadOnChange } from "./lifecycle/reload.ts";
import { type RunningServer, startServer } from "./lifecycle/server.ts";
import { onStopSignals } from "./lifecycle/signals.ts";
import { isEvaluation, runEvaluation } from "./rules/evaluation.ts";

/** The exit code when the settings are wrong, and when the server cannot start with them. */
const exitCodes = { invalidSettings: 2, cannotStart: 1 } as const;

/** What to do when the address cannot be listened on, by the system's code; `host` and `port` are what sets it. */
function listenRemedy(code: string, host: string, port: string): string | undefined {
  switch (code) {
    case "EADDRINUSE":
      return `another program uses that port. Stop it, or choose another port with ${port}.`;
    case "EACCES":
      return `not permitted. Choose a port above 1023 with ${port}.`;
    case "EADDRNOTAVAIL":
    case "EINVAL":
      return `not an address of this machine. Give one with ${host}, or leave it out for all of them.`;
    default:
      return undefined;
  }
}

/** Where `--hot` finds the server of the module that it replaces. */
const runningKey = Symbol.for("fanfare.running-server");
const globals = globalThis as { [runningKey]?: RunningServer };

if (isEvaluation()) await runEvaluation();

const loaded = loadConfig({ ...readConfigInput(), examine: examineCredentials });
switch (loaded.kind) {
  case "help":
  case "version":
  case "check":
    console.log(loaded.text);
    break;
  case "invalid":
    console.error(loaded.text);
    process.exitCode = exitCodes.invalidSettings;
    break;
  case "run":
    if (loaded.config.reload && reloadOnChange()) break;
    await run(loaded.config, loaded.warnings);
}

async function run(config: Config, warnings: readonly string[]): Promise<void> {
  await globals[runningKey]?.stop();
  const server = await listen(config);
  if (server === null) return;
  globals[runningKey] = server;
  const { log } = server;
  logCrashes(log);
  for (const warning of warnings) log.warning({}, warning);
  if (config.reload && Bun.isStandaloneExecutable) {
    log.warning({}, "RELOAD has no effect: a compiled server has no sources that could change");
  }
  if (config.mode !== "dev") {
    log.warning(
      {},
      "open mode: no tokens or keys are configured, anyone who reaches this address may publish",
    );
  }
  log.info({ url: server.url, host: config.host, port: server.port }, "listening");
  if (server.adminUrl !== null) log.info({ url: server.adminUrl }, "listening for administration");
  onStopSignals(
    (signal) => {
      log.info({ signal }, "stop signal");
      void server.drain().then(async () => {
        log.info({}, "stopped");
        await log.close();
        process.exit(0);
      });
    },
    (signal) => {
      log.warning({ signal }, "second stop signal: closing the connections that are left");
      server.force();
    },
  );
}

/** The server, or null when it cannot start; then it has said why. */
async function listen(config: Config): Promise<RunningServer | null> {
  try {
    return await startServer(config);
  } catch (error) {
    const { code, message, address } = error as { code?: string; message: string; address?: string };
    if (code === undefined) {
      console.error("Cannot start:", error);
      process.exitCode = exitCodes.cannotStart;
    } else {
      const [host, port] = address === undefined ? ["--host", "--port"] : ["ADMIN_HOST", "ADMIN_PORT"];
      const remedy = listenRemedy(code, host!, port!) ?? message;
      console.error(`Cannot listen on ${address ?? `${config.host}:${config.port}`}: ${remedy}`);
      // At once: for no change of a source file would `--watch` have to wait.
      process.exit(exitCodes.cannotStart);
    }
    return null;
  }
}
