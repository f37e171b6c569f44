import type { Command, TopicRequest, Transport } from "../../../../src/client/transport.ts";

/** A transport that keeps what it is given. */
export class FakeTransport implements Transport {
  readonly name = "websocket";
  readonly sent: { id: number; command: Command }[] = [];
  readonly subscribed: (readonly TopicRequest[])[] = [];
  readonly unsubscribed: string[] = [];

  open(): void {}
  probe(): void {}
  respond(): void {}
  refresh(): void {}
  close(): void {}

  subscribe(requests: readonly TopicRequest[]): void {
    this.subscribed.push(requests);
  }

  unsubscribe(topic: string): void {
    this.unsubscribed.push(topic);
  }

  send(id: number, command: Command): void {
    this.sent.push({ id, command });
  }
}
