import { afterEach, beforeEach, expect, test } from "bun:test";
import type { RunningServer } from "../../src/lifecycle/server.ts";
import { startTestServer } from "../support/server.ts";
import { TerminalProgram } from "../support/terminal.ts";

const wscat = new URL("../../node_modules/wscat/bin/wscat", import.meta.url).pathname;
const node = Bun.which("node") ?? process.execPath;

let server: RunningServer;
const programs: TerminalProgram[] = [];

beforeEach(async () => {
  server = await startTestServer();
});

afterEach(async () => {
  await Promise.all(programs.splice(0).map((program) => program.stop()));
  await server.stop();
});

async function connect(query = ""): Promise<TerminalProgram> {
  const address = `${server.url.replace("http", "ws")}/ws${query}`;
  const program = new TerminalProgram([node, wscat, "--no-color", "-c", address]);
  programs.push(program);
  await program.shows(/"type":"welcome"/);
  return program;
}

test("two people chat with wscat, and one of them asks for this and that", async () => {
  const alice = await connect("?user_id=alice");
  const bob = await connect("?name=Bob");

  alice.type("Hello from a terminal");
  await bob.shows(
    /"type":"echo","topic":"chat","offset":1,"ts":\d+,"sender":"alice","message":"Hello from a terminal"/,
  );
  bob.type('{"type":"notification","message":"Hello!"}');
  await alice.shows(/"type":"echo","topic":"chat","offset":2,"ts":\d+,"sender":"Bob","message":"Hello!"/);

  alice.type('{"type": "ping"}');
  await alice.shows(/"type":"pong","ts":\d+/);
  alice.type('{"type": "status_request"}');
  await alice.shows(/"type":"status"/);
  alice.type('{"type":"subscribe","id":1,"topic":"news"}');
  await alice.shows(/"type":"subscribed","id":1,"topic":"news","epoch":"[\w-]+","offset":0/);
  bob.type('{"type":"publish","id":2,"topic":"news","data":{"headline":"It works"}}');
  await bob.shows(/"type":"ack","id":2,"topic":"news","epoch":"[\w-]+","offset":1/);
  await alice.shows(
    /"type":"message","topic":"news","offset":1,"ts":\d+,"sender":"Bob","data":\{"headline":"It works"\}/,
  );
  bob.type('{"type":"presence","id":3,"topic":"chat"}');
  await bob.shows(/"members":\[\{"user_id":"alice","connections":1\}\],"connections":2/);
  bob.type('{"type":"oops"}');
  await bob.shows(/"type":"error","code":"bad_request","message":"type: unknown frame type \\"oops\\""/);
  bob.type("admin:Lunch is ready");
  await alice.shows(
    /"type":"notification","topic":"notifications","offset":1,"ts":\d+,"sender":"Bob","message":"Lunch is ready"/,
  );
});

test("wscat is told of a shutdown and that it should come back", async () => {
  const alice = await connect();
  const drained = server.drain();
  await alice.shows(/"type":"shutdown_notice"/);
  server.force();
  await alice.shows(/code: 1012/);
  await drained;
  expect(alice.screen).toContain("1012");
});
