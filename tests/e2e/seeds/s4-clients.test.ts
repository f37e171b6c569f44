import { afterEach, expect, test } from "bun:test";
import type { Config } from "../../../src/config/index.ts";
import type { RunningServer } from "../../../src/lifecycle/server.ts";
import { findPython } from "../../support/python.ts";
import { startTestServer } from "../../support/server.ts";
import { TerminalProgram } from "../../support/terminal.ts";
import { until } from "../../support/until.ts";

let server: RunningServer | undefined;
const ends: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const end of ends.splice(0)) await end();
  await server?.stop();
  server = undefined;
});

async function start(config: Partial<Config> = {}): Promise<string> {
  server = await startTestServer(config);
  return server.url;
}

/** Runs a program that talks to the documented address, which is replaced by the server's. */
function runClient(command: string[], program: string, url: string): { output: () => string } {
  const source = program.replace("localhost:8000", new URL(url).host);
  const child = Bun.spawn([...command, source], { stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  const collect = async (stream: ReadableStream<Uint8Array>) => {
    const decoder = new TextDecoder();
    for await (const chunk of stream) output += decoder.decode(chunk, { stream: true });
  };
  void collect(child.stdout);
  void collect(child.stderr);
  ends.push(async () => {
    child.kill("SIGKILL");
    await child.exited;
  });
  return { output: () => output };
}

const shows = (client: { output: () => string }, pattern: RegExp) =>
  until(() => pattern.test(client.output()), 5000, `${pattern}`).catch((error: Error) => {
    throw new Error(`${error.message}; it printed:\n${client.output()}`);
  });

const javascriptClient = `
const ws = new WebSocket('ws://localhost:8000/ws');

ws.onopen = function(event) {
    console.log('Connected to WebSocket server');
};

ws.onmessage = function(event) {
    const data = JSON.parse(event.data);
    console.log('Received:', data);
};

ws.onclose = function(event) {
    console.log('WebSocket connection closed');
};

ws.onerror = function(error) {
    console.error('WebSocket error:', error);
};
`;

const pythonClient = `
import asyncio
import websockets
import json

async def test_websocket():
    uri = "ws://localhost:8000/ws"
    async with websockets.connect(uri) as websocket:
        # Send ping
        await websocket.send(json.dumps({"type": "ping"}))
        
        # Listen for messages
        async for message in websocket:
            data = json.loads(message)
            print(f"Received: {data}", flush=True)

# Run the test
asyncio.run(test_websocket())
`;

test("the JavaScript client of the README is connected, receives and is told of the end", async () => {
  const url = await start({ notificationIntervalMs: 50 });
  const client = runClient([process.execPath, "-e"], javascriptClient, url);
  await shows(client, /^Connected to WebSocket server\n/);
  await shows(client, /Received: \{\s+type: "welcome",/);
  await shows(client, /Received: \{\s+type: "notification",[^}]*message: "Periodic notification \d+ at /);
  await fetch(`${url}/notify`, {
    method: "POST",
    body: '{"message":"Hello, WebSocket clients!","type":"alert"}',
  });
  await shows(client, /Received: \{\s+type: "alert",[^}]*message: "Hello, WebSocket clients!"/);
  const drained = server!.drain();
  await shows(client, /type: "shutdown_notice"/);
  server!.force();
  await drained;
  await shows(client, /\nWebSocket connection closed\n$/);
  expect(client.output()).not.toContain("WebSocket error");
});

test("the Python client of the README pings and receives", async () => {
  const url = await start();
  const client = runClient([findPython(), "-c"], pythonClient, url);
  await shows(client, /Received: \{'type': 'welcome'/);
  await shows(client, /Received: \{'type': 'pong', 'ts': \d+\}/);
  await fetch(`${url}/notify?message=Hello`, { method: "POST" });
  await shows(client, /Received: \{'type': 'notification', .*'message': 'Hello'/);
});

test("wscat pings, asks for the status and receives what is posted", async () => {
  const url = await start();
  const wscat = new URL("../../../node_modules/wscat/bin/wscat", import.meta.url).pathname;
  const node = Bun.which("node") ?? process.execPath;
  const address = `${url.replace("http", "ws")}/ws`;
  const terminal = new TerminalProgram([node, wscat, "--no-color", "-c", address]);
  ends.push(() => terminal.stop());
  await terminal.shows(/< \{"type":"welcome"/);
  terminal.type('{"type": "ping"}');
  await terminal.shows(/< \{"type":"pong","ts":\d+\}/);
  terminal.type('{"type": "status_request"}');
  await terminal.shows(/< \{"type":"status","active_connections":1,"total_connections":1,/);
  await fetch(`${url}/notify?message=Posted`, { method: "POST" });
  await terminal.shows(
    /< \{"type":"notification","topic":"notifications","offset":1,"ts":\d+,"message":"Posted"\}/,
  );
});
