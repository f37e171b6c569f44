/** What the benchmark's programs on both ends of a relay are told, and tell. */

export type Order =
  /** Publish for so long, with so many publications outstanding. */
  | { readonly type: "publish"; readonly durationMs: number; readonly inFlight: number }
  /** Say when so many have arrived since the start. */
  | { readonly type: "await"; readonly total: number };

export type Notice =
  | { readonly type: "ready" }
  | { readonly type: "published"; readonly count: number }
  | { readonly type: "arrived" };

/** 64 bytes. */
export const relayMessage = "m".repeat(64);
export const relayTopic = "bench";

const tell = (notice: Notice): void => void process.send?.(notice);

const onOrder = (take: (order: Order) => void): void => {
  process.on("message", (order) => take(order as Order));
  tell({ type: "ready" });
};

/** Publishes when told to. `publish` resolves when Redis has answered. */
export const servePublisher = (publish: () => Promise<unknown>): void => {
  onOrder((order) => {
    if (order.type !== "publish") return;
    const endAt = performance.now() + order.durationMs;
    let outstanding = 0;
    let count = 0;
    const pump = () => {
      while (outstanding < order.inFlight && performance.now() < endAt) {
        outstanding++;
        count++;
        publish().then(answered);
      }
      if (outstanding === 0) tell({ type: "published", count });
    };
    const answered = () => {
      outstanding--;
      pump();
    };
    pump();
  });
};

/** Counts what arrives; returns what is to be called with each. */
export const serveSubscriber = (): (() => void) => {
  let arrived = 0;
  let awaited = Number.POSITIVE_INFINITY;
  const check = () => {
    if (arrived < awaited) return;
    awaited = Number.POSITIVE_INFINITY;
    tell({ type: "arrived" });
  };
  onOrder((order) => {
    if (order.type !== "await") return;
    awaited = order.total;
    check();
  });
  return () => {
    arrived++;
    check();
  };
};
