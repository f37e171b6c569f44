import type { Config } from "../../config/index.ts";
import { waitForBroker } from "../broker-wait.ts";
import { logCrashes } from "../crash.ts";
import { exitCodes } from "../exit-codes.ts";
import { startServer } from "../server.ts";
import { onReloadSignal, onReplaceSignal, onStopSignals } from "../signals.ts";
import type { WorkerPlace } from "./place.ts";
import { SupervisorLink } from "./supervisor-link.ts";

/** How long a broker that does not answer keeps a new worker from listening. */
const brokerWaitMs = 3000;

/** Runs one of several processes on a port, until the supervisor lets it go. Throws what `startServer` throws. */
export async function runWorker(config: Config, place: WorkerPlace): Promise<void> {
  let brokerAnswers = false;
  const starting = startServer(config, {
    worker: {
      number: place.number,
      collect: () => link.collect(),
      // Clients that came before would be told that it is out of reach, and are better served by the others.
      async prepare(broker) {
        brokerAnswers = await waitForBroker(broker, brokerWaitMs);
      },
    },
  });
  let isEnding = false;
  const drain = async (handOver: boolean) => {
    if (isEnding) return;
    isEnding = true;
    const server = await starting;
    await server.drain({ handOver });
    link.tell({ type: "report", report: server.report() });
    server.log.info({}, "stopped");
    await server.log.close();
    process.exit(exitCodes.stopped);
  };
  const force = async () => {
    void drain(true);
    (await starting).force();
  };
  const link = new SupervisorLink(place.number, starting, {
    drain,
    force,
    async orphaned() {
      const { log } = await starting;
      log.warning({}, "the supervisor is gone: shutting down");
      // Whoever starts the server again needs the port.
      await drain(true);
    },
  });
  const server = await starting;
  logCrashes(server.log);
  const askToEnd = () => link.tell({ type: "asked_to_end" });
  onStopSignals(askToEnd, force);
  onReloadSignal(() => void server.reload(), askToEnd);
  // The supervisor's to obey; without a listener it would end this process.
  onReplaceSignal(() => {});
  link.tell({ type: "ready", brokerAnswers });
}
