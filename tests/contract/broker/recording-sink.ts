import type { BrokerSink } from "../../../src/broker/port.ts";
import type { Publication } from "../../../src/core/publication.ts";

export type SinkEvent =
  | { readonly kind: "delivered"; readonly topic: string; readonly offset: number; readonly message: unknown }
  | { readonly kind: "broke"; readonly topic: string; readonly epoch: string; readonly offset: number };

export interface MemberChange {
  readonly topic: string;
  readonly userId: string;
  readonly present: boolean;
}

/** A node that only writes down what its broker tells it. */
export class RecordingSink implements BrokerSink {
  readonly events: SinkEvent[] = [];
  readonly publications: Publication[] = [];
  readonly memberChanges: MemberChange[] = [];

  deliver(topic: string, publication: Publication): void {
    const { message } = JSON.parse(publication.frame) as { message?: unknown };
    this.publications.push(publication);
    this.events.push({ kind: "delivered", topic, offset: publication.offset, message });
  }

  broke(topic: string, epoch: string, offset: number): void {
    this.events.push({ kind: "broke", topic, epoch, offset });
  }

  memberChanged(topic: string, userId: string, present: boolean): void {
    this.memberChanges.push({ topic, userId, present });
  }

  /** Offsets delivered of one topic, in order of arrival; 0 for those without a position. */
  offsetsOf(topic: string): number[] {
    return this.events.flatMap((event) =>
      event.kind === "delivered" && event.topic === topic ? [event.offset] : [],
    );
  }

  breaksOf(topic: string): readonly SinkEvent[] {
    return this.events.filter((event) => event.kind === "broke" && event.topic === topic);
  }
}
