import { closeSync, openSync } from "node:fs";
import { isatty } from "node:tty";

/** Signals within this time of the first are the same wish: a terminal and a supervisor both pass them on. */
const sameWishMs = 1000;

const stopSignals = ["SIGTERM", "SIGINT"] as const;

/** Its file descriptor. */
const standardInput = 0;

type Listener = (signal: NodeJS.Signals) => void;

/** Where `--hot` finds the listeners of the module that it replaces. */
const installedKey = Symbol.for("fanfare.stop-signal-listener");
const reloadKey = Symbol.for("fanfare.reload-signal-listener");
const replaceKey = Symbol.for("fanfare.replace-signal-listener");

/** Calls `first` on the first stop signal, and `later` on one that comes when the first was surely heard. */
export function onStopSignals(first: Listener, later: Listener): void {
  const globals = globalThis as { [installedKey]?: Listener };
  const previous = globals[installedKey];
  let firstAt: number | null = null;
  const listener: Listener = (signal) => {
    const now = performance.now();
    if (firstAt === null) {
      firstAt = now;
      first(signal);
    } else if (now - firstAt > sameWishMs) {
      later(signal);
    }
  };
  globals[installedKey] = listener;
  for (const signal of stopSignals) {
    if (previous !== undefined) process.off(signal, previous);
    process.on(signal, listener);
  }
}

/**
 * Calls `reload` on SIGHUP; `closed` when it rather means that the terminal was closed which this process was started
 * in, and would stay behind.
 */
export function onReloadSignal(reload: () => void, closed: Listener): void {
  const globals = globalThis as { [reloadKey]?: Listener };
  const previous = globals[reloadKey];
  const startedInTerminal = isatty(standardInput);
  const listener: Listener = (signal) => {
    if (startedInTerminal && !hasTerminal()) closed(signal);
    else reload();
  };
  globals[reloadKey] = listener;
  if (previous !== undefined) process.off("SIGHUP", previous);
  process.on("SIGHUP", listener);
}

/** Calls `replace` on SIGUSR2. */
export function onReplaceSignal(replace: () => void): void {
  const globals = globalThis as { [replaceKey]?: () => void };
  const previous = globals[replaceKey];
  globals[replaceKey] = replace;
  if (previous !== undefined) process.off("SIGUSR2", previous);
  process.on("SIGUSR2", replace);
}

/** Whether there is a terminal that controls this process. */
function hasTerminal(): boolean {
  try {
    closeSync(openSync("/dev/tty", "r"));
    return true;
  } catch {
    return false;
  }
}
