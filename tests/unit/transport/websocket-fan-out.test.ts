import { describe, expect, test } from "bun:test";
import { WebSocketFanOut } from "../../../src/transport/websocket-fan-out.ts";
import { publicationAt } from "../hub/publications.ts";

function start(sampleEveryBytes = 1000) {
  const published: [string, string][] = [];
  const counters = { deliveries: { websocket: 0, sse: 0 }, bytesSent: { websocket: 0, sse: 0 } };
  let samples = 0;
  const fanOut = new WebSocketFanOut(counters, sampleEveryBytes, () => samples++);
  fanOut.attach((native, text) => published.push([native, text]));
  return { fanOut, published, counters, samples: () => samples };
}

const channel = { topic: "t", native: "json/t", subscribers: 3 };

describe("fan-out over native topics", () => {
  test("one call a publication, however many read it; all of them are counted", () => {
    const { fanOut, published, counters } = start();
    const publication = publicationAt(1);
    fanOut.deliver(channel, publication);
    expect(published).toEqual([["json/t", publication.frame]]);
    expect(counters.deliveries).toEqual({ websocket: 3, sse: 0 });
    expect(counters.bytesSent.websocket).toBe(3 * publication.bytes);
  });

  test("a break is a subscribed frame without an id", () => {
    const { fanOut, published } = start();
    fanOut.broke(channel, "e2", 5);
    expect(JSON.parse(published[0]![1])).toEqual({
      type: "subscribed",
      topic: "t",
      epoch: "e2",
      offset: 5,
      recovered: false,
    });
  });

  test("members are announced as they are", () => {
    const { fanOut, published, counters } = start();
    fanOut.announce(channel, "join", "{}");
    expect(published).toEqual([["members/json/t", "{}"]]);
    expect(counters.deliveries.websocket).toBe(0);
  });

  test("buffers are looked at every so many bytes", () => {
    const { fanOut, samples } = start(1000);
    const { bytes } = publicationAt(1);
    const perSample = Math.ceil(1000 / bytes);
    for (let count = 0; count < 3 * perSample; count++) fanOut.deliver(channel, publicationAt(1));
    expect(samples()).toBe(3);
  });
});
