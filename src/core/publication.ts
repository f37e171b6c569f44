import { bounds } from "./bounds.ts";

export const eventTypePattern = `^[A-Za-z0-9_.:-]{1,${bounds.eventType}}$`;

/** In words, for error messages. */
export const eventTypeRule = `1 to ${bounds.eventType} characters of A-Z a-z 0-9 _ . : -`;

/** A publication's `type` when the publisher names none. */
export const defaultEventType = "message";

/** What a publisher hands in; validated by the codec that read it. */
export interface PublishRequest {
  readonly topic: string;
  /** Becomes the publication's `type`. */
  readonly event: string;
  readonly message?: string | undefined;
  /** Any JSON value, null included; absent is `undefined`. */
  readonly data?: unknown;
  readonly sender?: string | undefined;
  /** Idempotency key: a repeat is answered with the first position. */
  readonly key?: string | undefined;
  /** Whose key it is, beside the topic's: the authenticated publisher. Absent in open mode. */
  readonly publisher?: string | undefined;
  readonly correlationId?: string | undefined;
  readonly tags?: Readonly<Record<string, string>> | undefined;
  /** False: delivered now, without a position, never replayed. */
  readonly store: boolean;
  /** False: not among the topic's last ones that are kept whatever their age. */
  readonly keep?: boolean | undefined;
}

/** One message at one position, encoded once for all who receive it. */
export interface Publication {
  /** 0 for one that has no position (`store: false`). */
  readonly offset: number;
  /** Unix milliseconds. */
  readonly ts: number;
  readonly type: string;
  /** The JSON text that every transport delivers. */
  readonly frame: string;
  /** Bytes of `frame` in UTF-8. */
  readonly bytes: number;
}
