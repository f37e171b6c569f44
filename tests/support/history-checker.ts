import { AcknowledgementJudge } from "./history/acknowledgement-judge.ts";
import { judgeEnds } from "./history/final-judge.ts";
import type { AcknowledgedPublish, SubscriberLog, Violation } from "./history/log.ts";
import { PublicationLedger } from "./history/publication-ledger.ts";
import { SubscriberJudge } from "./history/subscriber-judge.ts";

export type {
  AcknowledgedPublish,
  LogEntry,
  Position,
  ServerFrame,
  SubscriberLog,
  Violation,
  ViolationKind,
} from "./history/log.ts";

export interface HistoryOptions {
  /**
   * Whether whoever is connected at the end of its log had the time to receive everything. Default true;
   * false leaves out what can only be said then: the newest publications, and who is in a stale epoch.
   */
  readonly settled?: boolean;
  /** Topics whose recent publications follow a bare `welcome`. Default: notifications. */
  readonly recentTopics?: readonly string[];
}

export interface HistoryReport {
  readonly violations: readonly Violation[];
  /** How often a subscriber was told `recovered: false`: no violation, but a test may want none. */
  readonly breaks: number;
  /** Publications received by all subscribers together. */
  readonly deliveries: number;
}

/**
 * Judges the server's promises from outside, by what subscribers received and publishers were told:
 * contiguous offsets or a break that is announced, no duplicates, one order and one content for all, and
 * acknowledged means delivered to everybody whose subscription spans that position.
 */
export function checkHistory(
  logs: readonly SubscriberLog[],
  acks: readonly AcknowledgedPublish[],
  options: HistoryOptions = {},
): HistoryReport {
  const settled = options.settled ?? true;
  const recentTopics = new Set(options.recentTopics ?? ["notifications"]);
  const ledger = new PublicationLedger();
  const subscribers = logs.map(({ subscriber, entries }) => {
    const judge = new SubscriberJudge(subscriber, ledger, recentTopics);
    for (const entry of entries) judge.take(entry);
    return judge;
  });
  const stretches = subscribers.flatMap((judge) => judge.stretches);
  const acknowledgements = new AcknowledgementJudge(ledger);
  for (const ack of acks) acknowledgements.take(ack);
  for (const ack of acks) {
    acknowledgements.judgeContent(ack);
    acknowledgements.judgeDelivery(ack, stretches, settled);
  }
  return {
    violations: [
      ...subscribers.flatMap((judge) => judge.violations),
      ...ledger.violations,
      ...acknowledgements.violations,
      ...(settled ? judgeEnds(stretches, acks, ledger) : []),
    ],
    breaks: subscribers.reduce((total, judge) => total + judge.breaks, 0),
    deliveries: stretches.reduce((total, stretch) => total + stretch.seen.size, 0),
  };
}

const violationsShown = 20;

/** @throws Error that lists the violations, the first twenty of them. */
export function assertHistory(
  logs: readonly SubscriberLog[],
  acks: readonly AcknowledgedPublish[],
  options: HistoryOptions = {},
): HistoryReport {
  const report = checkHistory(logs, acks, options);
  if (report.violations.length === 0) return report;
  const lines = report.violations
    .slice(0, violationsShown)
    .map(({ kind, who, topic, detail }) => `  ${kind} (${who}, ${topic}): ${detail}`);
  throw new Error(`${report.violations.length} broken promises\n${lines.join("\n")}`);
}
