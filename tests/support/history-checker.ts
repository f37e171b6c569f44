import { HistoryJudge, type HistoryOptions, type HistoryReport } from "./history/history-judge.ts";
import type { AcknowledgedPublish, SubscriberLog } from "./history/log.ts";

export type {
  AcknowledgedPublish,
  LogEntry,
  Position,
  ServerFrame,
  SubscriberLog,
  Violation,
  ViolationKind,
} from "./history/log.ts";

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
  const judge = new HistoryJudge(options);
  for (const { subscriber, entries } of logs) {
    const witness = judge.witness(subscriber);
    for (const entry of entries) witness.take(entry);
  }
  return judge.report(acks);
}

/** @throws Error that lists the violations, the first twenty of them. */
export function assertHistory(
  logs: readonly SubscriberLog[],
  acks: readonly AcknowledgedPublish[],
  options: HistoryOptions = {},
): HistoryReport {
  return assertKept(checkHistory(logs, acks, options));
}

const violationsShown = 20;

/** @throws Error that lists the violations, the first twenty of them. */
export function assertKept(report: HistoryReport): HistoryReport {
  if (report.violations.length === 0) return report;
  const lines = report.violations
    .slice(0, violationsShown)
    .map(({ kind, who, topic, detail }) => `  ${kind} (${who}, ${topic}): ${detail}`);
  throw new Error(`${report.violations.length} broken promises\n${lines.join("\n")}`);
}
