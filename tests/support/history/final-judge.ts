import type { AcknowledgedPublish, Stretch, Violation } from "./log.ts";
import type { PublicationLedger } from "./publication-ledger.ts";

/**
 * Judges how the subscribers that are still connected ended: each has the newest publication known of, in
 * the epoch that the topic is in now.
 */
export function judgeEnds(
  stretches: readonly Stretch[],
  acks: readonly AcknowledgedPublish[],
  ledger: PublicationLedger,
): Violation[] {
  const open = stretches.filter((stretch) => stretch.open);
  return [
    ...open.flatMap((stretch) => judgeTail(stretch, ledger)),
    ...open.flatMap((stretch) => judgeEpoch(stretch, open, stretches, acks)),
  ];
}

function judgeTail(stretch: Stretch, ledger: PublicationLedger): Violation[] {
  const top = ledger.topOf(stretch.topic, stretch.epoch);
  if (stretch.last >= top) return [];
  const detail = `ended at ${stretch.epoch}:${stretch.last}, the top is ${top}`;
  return [{ kind: "missing_tail", who: stretch.subscriber, topic: stretch.topic, detail }];
}

/**
 * Epochs have no order of their own. That one came after another is known from the logs of those who went
 * from the one to the other; two ends that nobody's log puts in order accuse both.
 */
function judgeEpoch(
  stretch: Stretch,
  open: readonly Stretch[],
  all: readonly Stretch[],
  acks: readonly AcknowledgedPublish[],
): Violation[] {
  const lastAck = acks.findLast(({ topic }) => topic === stretch.topic);
  const rivals = [
    ...open.filter(({ topic }) => topic === stretch.topic).map(({ epoch }) => epoch),
    ...(lastAck === undefined ? [] : [lastAck.epoch]),
  ];
  const others = [...new Set(rivals)].filter((epoch) => epoch !== stretch.epoch);
  const newer = others.filter((epoch) => !precedes(epoch, stretch, all));
  return newer.map((epoch) => ({
    kind: "left_behind",
    who: stretch.subscriber,
    topic: stretch.topic,
    detail: `ended in epoch ${stretch.epoch}, others in ${epoch}`,
  }));
}

/** Whether some subscriber of the topic was in `epoch` and later in that of the stretch. */
function precedes(epoch: string, stretch: Stretch, all: readonly Stretch[]): boolean {
  const sameTopic = all.filter(({ topic }) => topic === stretch.topic);
  return sameTopic.some(
    (earlier, index) =>
      earlier.epoch === epoch &&
      sameTopic
        .slice(index + 1)
        .some((later) => later.subscriber === earlier.subscriber && later.epoch === stretch.epoch),
  );
}
