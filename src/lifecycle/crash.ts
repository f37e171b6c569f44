import type { Log } from "../telemetry/log.ts";

/** The exit code after an error that nobody caught. */
const crashedExitCode = 1;

const events = ["uncaughtException", "unhandledRejection"] as const;

type Listener = (error: unknown) => void;

/** Where `--hot` finds the listener of the module that it replaces. */
const installedKey = Symbol.for("fanfare.crash-listener");

/**
 * Writes an error that nobody caught to the log, with its stack, and ends the process: its state cannot be relied
 * on any more, and whoever supervises it starts another.
 */
export function logCrashes(log: Log): void {
  const globals = globalThis as { [installedKey]?: Listener };
  const previous = globals[installedKey];
  const listener: Listener = (error) => {
    log.critical({ error }, "crashed: an error that nobody caught");
    void log.close().then(() => process.exit(crashedExitCode));
  };
  globals[installedKey] = listener;
  for (const event of events) {
    if (previous !== undefined) process.off(event, previous);
    process.on(event, listener);
  }
}
