import type { Publication } from "../core/publication.ts";
import { nativeOfMembers } from "../hub/membership.ts";
import type { Channel, FanOut } from "../hub/ports.ts";
import { encodeSubscribed } from "../protocol/encode.ts";

/** Plain numbers of what went out, by transport. */
export interface DeliveryCounters {
  readonly deliveries: { websocket: number; sse: number };
  readonly bytesSent: { websocket: number; sse: number };
}

/** Bun's own publish: copies are made natively, and written at the end of the turn. */
export type NativePublish = (native: string, text: string) => void;

/** Fan-out of JSON frames over Bun's native topics: one call a publication, however many subscribers. */
export class WebSocketFanOut implements FanOut {
  readonly format = "json";
  readonly #counters: DeliveryCounters;
  #publish: NativePublish = () => {};
  readonly #sampleEveryBytes: number;
  readonly #sample: () => void;
  #bytesSinceSample = 0;

  /** Calls `sample` whenever so many bytes have been handed over, each publication counted once. */
  constructor(counters: DeliveryCounters, sampleEveryBytes: number, sample: () => void) {
    this.#counters = counters;
    this.#sampleEveryBytes = sampleEveryBytes;
    this.#sample = sample;
  }

  /** The native server exists only after the hub. */
  attach(publish: NativePublish): void {
    this.#publish = publish;
  }

  deliver(channel: Channel, publication: Publication): void {
    const { subscribers } = channel;
    this.#counters.deliveries.websocket += subscribers;
    this.#counters.bytesSent.websocket += subscribers * publication.bytes;
    this.#publish(channel.native, publication.frame);
    this.#bytesSinceSample += publication.bytes;
    if (this.#bytesSinceSample < this.#sampleEveryBytes) return;
    this.#bytesSinceSample = 0;
    this.#sample();
  }

  announce(channel: Channel, _type: string, frame: string): void {
    this.#publish(nativeOfMembers(channel.native), frame);
  }

  broke(channel: Channel, epoch: string, offset: number): void {
    const state = { topic: channel.topic, epoch, offset, recovered: false };
    this.#publish(channel.native, encodeSubscribed(undefined, state));
  }
}
