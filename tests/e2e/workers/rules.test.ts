import { afterAll, expect, test } from "bun:test";
import { rulesFolder } from "../../integration/rules/rules-folder.ts";
import { WebSocketClient } from "../../support/websocket-client.ts";
import { useWorkers } from "./support/workers.ts";

const setting = useWorkers();
const rules = rulesFolder({ news: { history_age: "1 h", schema: { type: "number" } } });

afterAll(() => rules.remove());

test("rules hold in all workers, and a SIGHUP to the supervisor lets all of them read the file again", async () => {
  const workers = await setting.start(2, { cwd: rules.folder });
  const clients = await Promise.all(
    Array.from({ length: 16 }, () => WebSocketClient.welcomed(workers.url, "topics=news,left")),
  );
  expect(new Set(clients.map(({ welcome }) => welcome.node)).size).toBe(2);
  const publish = (data: unknown) =>
    Promise.all(clients.map((client) => client.request({ type: "publish", topic: "news", data })));
  expect(new Set((await publish("text")).map(({ message }) => message))).toEqual(
    new Set(["data: must be of type number"]),
  );
  rules.write({ news: { schema: { type: "string" } }, left: { allow: { subscribe: "nobody" } } });
  workers.signal("SIGHUP");
  await workers.untilLogged("rules read again", 2);
  for (const client of clients) expect(await client.next("unsubscribed")).toMatchObject({ topic: "left" });
  expect(new Set((await publish("text")).map(({ type }) => type))).toEqual(new Set(["ack"]));
  await Promise.all(clients.map((client) => client.close()));
});
