import { MemoryBroker } from "../../../src/broker/memory.ts";
import { AsyncBroker, type Wire } from "../../support/async-broker.ts";
import { createFakePorts } from "../../support/fake-ports.ts";
import { brokerContract } from "./broker-contract.ts";

/** A wire that takes so many milliseconds, more or less. */
function slowWire(ms: number): Wire {
  let last: Promise<void> = Promise.resolve();
  return {
    send(arrive) {
      last = last.then(() => Bun.sleep(ms)).then(arrive);
    },
  };
}

// What the suite asks of a broker can be kept by one that answers later, whatever arrives first: an ack or its news.
for (const [name, calls, answers, news] of [
  ["news come after acks", 0, 0, 3],
  ["acks come after news", 0, 3, 0],
] as const) {
  brokerContract(`asynchronous, ${name}`, (bounds, sink) => {
    const ports = createFakePorts();
    const broker = new AsyncBroker(
      (inner) =>
        new MemoryBroker(
          {
            boundsOf: () => ({
              size: bounds.historySize,
              ageMs: bounds.historyAgeMs,
              bytes: bounds.historyTopicBytes,
              keyAgeMs: bounds.keyAgeMs,
              keysMax: bounds.keysMax,
            }),
            historyBytesMax: 64 * 1024 * 1024,
            topicsMax: 1000,
            kept: bounds.kept,
          },
          inner,
          ports,
        ),
      sink,
      { calls: slowWire(calls), answers: slowWire(answers), news: slowWire(news) },
    );
    return {
      broker,
      advance: (ms) => ports.scheduler.advance(ms),
      dispose: () => broker.close(),
    };
  });
}
