import { expect, test } from "bun:test";
import { EventStream } from "../../../src/transport/event-stream.ts";
import { EventStreamFanOut } from "../../../src/transport/event-stream-fan-out.ts";
import { createFakePorts } from "../../support/fake-ports.ts";
import { publicationAt } from "../hub/publications.ts";

function start() {
  const { scheduler } = createFakePorts();
  const counters = { deliveries: { websocket: 0, sse: 0 }, bytesSent: { websocket: 0, sse: 0 } };
  const fanOut = new EventStreamFanOut(counters, scheduler, () => {});
  const join = (id: string) => {
    const stream = new EventStream(id, null, 0, (ended) => fanOut.remove(ended));
    fanOut.place(stream, ["t"], () => false);
    return stream;
  };
  const publish = (offset: number) =>
    fanOut.deliver({ topic: "t", native: "sse/t", subscribers: 2 }, publicationAt(offset, { topic: "t" }));
  return { scheduler, join, publish };
}

async function offsetsOf(stream: EventStream): Promise<number[]> {
  const text = await new Response(stream.body).text();
  return [...text.matchAll(/"offset":(\d+)/g)].map(([, offset]) => Number(offset));
}

// A timer may run between an event and the end of its turn: what a drain does then must lose nothing.
test.each(["leave", "disconnect", "finish"] as const)(
  "who is let go (%s) is first sent what its group was about to send, once",
  async (how) => {
    const { scheduler, join, publish } = start();
    const [first, second, third] = [join("first"), join("second"), join("third")];
    publish(1);
    first[how]();
    publish(2);
    second[how]();
    scheduler.turn();
    publish(3);
    scheduler.turn();
    third[how]();
    expect(await offsetsOf(first)).toEqual([1]);
    expect(await offsetsOf(second)).toEqual([1, 2]);
    expect(await offsetsOf(third)).toEqual([1, 2, 3]);
  },
);
