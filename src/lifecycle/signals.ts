/** Signals within this time of the first are the same wish: a terminal and a supervisor both pass them on. */
const sameWishMs = 1000;

const stopSignals = ["SIGTERM", "SIGINT"] as const;

type Listener = (signal: NodeJS.Signals) => void;

/** Where `--hot` finds the listener of the module that it replaces. */
const installedKey = Symbol.for("fanfare.stop-signal-listener");

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
