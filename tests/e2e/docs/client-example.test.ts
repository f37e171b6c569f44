import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RunningServer } from "../../../src/lifecycle/server.ts";
import { startTestServer } from "../../support/server.ts";
import { TcpProxy } from "../../support/tcp-proxy/tcp-proxy.ts";
import { until } from "../../support/until.ts";
import type { Frame } from "../../support/websocket-client.ts";
import { blocksIn, readDocument } from "./support/document.ts";

interface Position {
  readonly epoch: string;
  readonly offset: number;
}

interface Example {
  follow(
    url: string,
    topic: string,
    handlers: {
      onPublication: (publication: Frame) => void;
      onBreak: (lost: Position, position: Position) => void;
    },
  ): () => void;
}

let server: RunningServer;
let proxy: TcpProxy;
let folder: string;
let example: Example;

beforeAll(async () => {
  const [block, ...others] = blocksIn(await readDocument("docs/protocol.md"), "js");
  expect(others).toEqual([]);
  folder = await mkdtemp(join(tmpdir(), "fanfare-client-example-"));
  const file = join(folder, "follow.js");
  await writeFile(file, block!.lines.join("\n"));
  example = await import(file);
  server = await startTestServer();
  proxy = TcpProxy.start(server.port);
});

afterAll(async () => {
  proxy.stop();
  await server.stop();
  await rm(folder, { recursive: true });
});

async function publish(topic: string, message: string): Promise<void> {
  const body = JSON.stringify({ topic, message });
  const response = await fetch(`${server.url}/publish`, { method: "POST", body });
  expect(response.status).toBe(200);
}

test("the client of the guide misses nothing and repeats nothing, however often it is cut off", async () => {
  const heard: string[] = [];
  const breaks: Position[][] = [];
  const end = example.follow(`ws://127.0.0.1:${proxy.port}/ws`, "news", {
    onPublication: ({ message }) => heard.push(message),
    onBreak: (...positions) => breaks.push(positions),
  });
  const isFollowed = async () => {
    const response = await fetch(`${server.url}/topics/news/presence`);
    return ((await response.json()) as { connections: number }).connections === 1;
  };
  await until(isFollowed, 5000, "a subscription");
  const said: string[] = [];
  const say = async (message: string) => {
    said.push(message);
    await publish("news", message);
  };
  for (let cut = 1; cut <= 3; cut++) {
    await say(`before cut ${cut}`);
    proxy.cut();
    await say(`while cut off ${cut}`);
    proxy.heal();
    await until(() => heard.length === said.length, 20_000, "everything that was published");
    await say(`after cut ${cut}`);
  }
  await until(() => heard.length === said.length, 20_000, "everything that was published");
  expect(heard).toEqual(said);
  expect(breaks).toEqual([]);

  // A new epoch: it cannot know what it missed, and says so.
  await fetch(`${server.url}/topics/news/history`, { method: "DELETE" });
  await until(() => breaks.length === 1, 5000, "a break");
  const [lost, position] = breaks[0]!;
  expect(lost?.offset).toBe(said.length);
  expect(position?.offset).toBe(0);
  expect(position?.epoch).not.toBe(lost?.epoch);
  await say("in the new epoch");
  await until(() => heard.length === said.length, 5000, "what is published in the new epoch");
  expect(heard).toEqual(said);
  end();
  await until(async () => !(await isFollowed()), 5000, "the end of the subscription");
}, 60_000);
