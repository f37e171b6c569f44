import { afterEach, describe } from "bun:test";
import { type BrokerBounds, BrokerHarness, type CreateBroker, type StartBroker } from "./harness.ts";
import { promiseDescribing } from "./promises/describing.ts";
import { promiseEpochs } from "./promises/epochs.ts";
import { promiseFollowing } from "./promises/following.ts";
import { promiseHistory } from "./promises/history.ts";
import { promiseKept } from "./promises/kept.ts";
import { promiseKeys } from "./promises/keys.ts";
import { promisePresence } from "./promises/presence.ts";
import { promisePublishing } from "./promises/publishing.ts";

const promises: readonly (readonly [string, (start: StartBroker) => void])[] = [
  ["publishing", promisePublishing],
  ["keys", promiseKeys],
  ["following", promiseFollowing],
  ["history", promiseHistory],
  ["what is kept", promiseKept],
  ["the end of an epoch", promiseEpochs],
  ["describing", promiseDescribing],
  ["presence", promisePresence],
];

/** What every broker must show, whatever it is made of. `create` makes a fresh one with the bounds given. */
export function brokerContract(name: string, create: CreateBroker): void {
  const opened: BrokerHarness[] = [];
  const start = async (bounds: Partial<BrokerBounds> = {}): Promise<BrokerHarness> => {
    const harness = await BrokerHarness.create(create, bounds);
    opened.push(harness);
    return harness;
  };
  for (const [title, promise] of promises) {
    describe(`${name}: ${title}`, () => {
      afterEach(async () => {
        for (const harness of opened.splice(0)) await harness.underTest.dispose();
      });
      promise(start);
    });
  }
}
