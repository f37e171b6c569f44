/** What the history checker is given, and what it finds. */

export interface Position {
  readonly epoch: string;
  readonly offset: number;
}

/** A JSON frame as the server sent it. */
export type ServerFrame = { readonly type: string } & Readonly<Record<string, unknown>>;

export type LogEntry =
  /** Everything received, in order; frames that are no business of the checker are passed over. */
  | { readonly kind: "frame"; readonly frame: ServerFrame }
  /**
   * The subscriber asks to resume a topic from here; the next `welcome` or `subscribed` of that topic is the
   * answer. Without this entry an answer with `recovered` is taken to be about the last position reached.
   */
  | { readonly kind: "resume"; readonly topic: string; readonly since: Position }
  | { readonly kind: "disconnected" };

export interface SubscriberLog {
  readonly subscriber: string;
  readonly entries: readonly LogEntry[];
}

/** A publish that was acknowledged with a position; fields left out are not compared. */
export interface AcknowledgedPublish {
  /** One that publishes on a topic in order: its acks are listed in the order in which it published. */
  readonly publisher: string;
  readonly topic: string;
  readonly epoch: string;
  readonly offset: number;
  readonly event?: string;
  readonly message?: string;
  readonly data?: unknown;
  readonly key?: string;
}

export type ViolationKind =
  /** Offsets were skipped, and nobody said so. */
  | "gap"
  /** The same position twice in one stream. */
  | "duplicate"
  /** A position from before the stream's place that this subscriber had never seen. */
  | "disorder"
  /** A publication of a topic that the subscriber is not subscribed to. */
  | "stray"
  /** `recovered: true` to somebody who had nothing to resume from. */
  | "unfounded_recovery"
  /** `recovered: true` although the epoch is another, or the top is below where the subscriber was. */
  | "false_recovery"
  /** A subscription begins below what the subscriber had seen of that epoch. */
  | "backwards"
  /** A subscription goes back to an epoch that had ended for this subscriber. */
  | "revived_epoch"
  /** One position, two contents. */
  | "divergence"
  /** One key at two positions of an epoch. */
  | "repeated_key"
  /** What stands at an acknowledged position is not what was published. */
  | "ack_mismatch"
  /** Two publishes were acknowledged with one position. */
  | "ack_collision"
  /** A publisher's later publish was acknowledged with an earlier position. */
  | "ack_disorder"
  /** An acknowledged publication that somebody who was subscribed never got. */
  | "lost_ack"
  /** Still connected at the end, without the newest publications that are known of. */
  | "missing_tail"
  /** Still connected at the end, in an epoch that is no longer the topic's. */
  | "left_behind";

export interface Violation {
  readonly kind: ViolationKind;
  /** The subscriber or publisher concerned. */
  readonly who: string;
  readonly topic: string;
  readonly detail: string;
}

/**
 * A run of offsets that one subscriber was promised without a break: everything after `from` up to `last`,
 * and, while it is open, what comes after.
 */
export interface Stretch {
  readonly subscriber: string;
  readonly topic: string;
  readonly epoch: string;
  readonly from: number;
  last: number;
  open: boolean;
  /** Offsets received within this stretch. */
  readonly seen: Set<number>;
}
