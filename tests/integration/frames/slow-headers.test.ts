import { afterAll, beforeAll, expect, test } from "bun:test";
import { RawConnection } from "../../support/raw-connection.ts";
import { addressOf } from "../../support/raw-websocket.ts";
import { startTestServer } from "../../support/server.ts";
import { Witness } from "./witness.ts";

/**
 * The runtime gives a connection ten seconds for its first request and looks every four, so that one is cut
 * after at most fourteen, however busy it keeps itself in between.
 */
const cutAfterMsMax = 15_000;
const dripIntervalMs = 500;

const unfinished = "GET /ws HTTP/1.1\r\nHost: localhost\r\nX-Slow: ";
const ways = [
  { what: "says nothing", beginning: "", drip: "" },
  { what: "stops within its headers", beginning: unfinished, drip: "" },
  { what: "goes on a letter at a time", beginning: unfinished, drip: "x" },
];

let server: Awaited<ReturnType<typeof startTestServer>>;
let witness: Witness;
let connections: RawConnection[];
let dripping: Timer;

// All of them begin at once, so that the tests wait together.
beforeAll(async () => {
  server = await startTestServer({ notificationIntervalMs: 0 });
  witness = await Witness.open(server.url);
  connections = await Promise.all(ways.map(() => RawConnection.connect(addressOf(server.url))));
  for (const [index, { beginning }] of ways.entries()) connections[index]!.write(beginning);
  dripping = setInterval(() => {
    for (const [index, { drip }] of ways.entries()) connections[index]!.write(drip);
  }, dripIntervalMs);
});

afterAll(async () => {
  clearInterval(dripping);
  for (const connection of connections) connection.destroy();
  await witness.close();
  await server.stop();
});

for (const [index, { what }] of ways.entries()) {
  test(
    `a client that ${what} in place of its headers is cut`,
    async () => {
      const connection = connections[index]!;
      await connection.waitForClose(cutAfterMsMax);
      expect(connection.received).toHaveLength(0);
      expect(await witness.publicationsSinceLastProbe()).toEqual([]);
    },
    cutAfterMsMax + 1_000,
  );
}
