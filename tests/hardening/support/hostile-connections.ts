/**
 * A process that opens hostile TCP connections, many at a time, and ends by itself: `bun hostile-connections.ts PORT
 * COUNT SEED`. Prints one line of JSON when it is done: how many there were of each kind.
 */
import type { Socket } from "bun";
import { encodeFrame, Opcode, toBytes } from "../../support/raw-frame.ts";
import { jsonOf, mutate, textOf, topicOf } from "./hostile-text.ts";
import { SeededRandom } from "./seeded-random.ts";

const [port, count, seed] = process.argv.slice(2).map(Number) as [number, number, number];
const random = new SeededRandom(seed);

/** Connections at a time. */
const width = 200;
/** Other addresses of the same machine: between two of them there are only so many ports. */
const addresses = Array.from({ length: 16 }, (_, index) => `127.0.0.${index + 1}`);
const lingerMsMax = 30;
const connectMs = 5000;

type Bytes = Uint8Array | string;

const handshake = [
  "GET /ws?topics=fuzz HTTP/1.1",
  "Host: localhost",
  "Upgrade: websocket",
  "Connection: Upgrade",
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
  "Sec-WebSocket-Version: 13",
].join("\r\n");
const end = "\r\n\r\n";

const paths = [
  "/",
  "/ws",
  "/events?topic=fuzz",
  "/publish",
  "/topics/fuzz",
  "/health",
  "/metrics",
  "/docs",
  "/nowhere",
  "*",
];
const methods = [
  "GET",
  "POST",
  "PUT",
  "DELETE",
  "HEAD",
  "OPTIONS",
  "CONNECT",
  "TRACE",
  "PATCH",
  "BREW",
  "get",
  "\0",
];

const headers = [
  "Content-Length: 10\r\nTransfer-Encoding: chunked",
  "Content-Length: 5\r\nContent-Length: 6",
  "Content-Length: -1",
  "Content-Length: 99999999999999999999",
  "Content-Length: 1e3",
  "Transfer-Encoding: chunked, identity",
  "Transfer-Encoding : chunked",
  " Folded: header",
  "No-Colon",
  ": empty",
  "X: \0",
  "Host: a\r\nHost: b",
  "Host: ../../etc",
  "Expect: 100-continue",
  "Connection: close, Upgrade, keep-alive",
  "Range: bytes=0-0,0-0,0-0",
  "Cookie: a=b; ".padEnd(9000, "c"),
  "Last-Event-ID: c1.aaaaaaaa~e~zzzzzzzzzzz",
  "Accept: */*;q=9, text/html;q=x,,;",
  "If-None-Match: *",
  "X-Forwarded-For: 1.2.3.4, nonsense",
];

function request(): string {
  const lines = Array.from({ length: 1 + random.below(4) }, () => random.pick(headers));
  return `${random.pick(methods)} ${random.pick(paths)} HTTP/1.${random.below(3)}\r\nHost: localhost\r\n${lines.join("\r\n")}${end}`;
}

function post(): string {
  const frame = { topic: topicOf(random), message: textOf(random), data: jsonOf(random) };
  const body = mutate(random, JSON.stringify(frame));
  const path = random.pick(["/publish", "/publish/batch", "/notify", "/alerts", "/sse/push"]);
  return `POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${Buffer.byteLength(body)}${end}${body}`;
}

function chunked(): string {
  const sizes = ["5", "FFFFFFFFFFFFFFFF", "-1", "5;x=y", "", "0x5", "00000000000000000005", "zz"];
  return `POST /publish HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked${end}${random.pick(sizes)}\r\nhello\r\n0${end}`;
}

function command(): string {
  const topic = topicOf(random);
  const frames = [
    { type: "publish", id: 1, topic, message: textOf(random), data: jsonOf(random) },
    { type: "subscribe", id: 2, topic, since: { epoch: "e", offset: random.below(1000) } },
    { type: "unsubscribe", id: 3, topic },
    { type: "history", id: 4, topic },
    { type: "presence", id: 5, topic },
    { type: "response", correlation_id: "c", data: jsonOf(random) },
    { type: "authenticate", token: textOf(random) },
  ];
  const text = JSON.stringify(random.pick(frames));
  return random.oneIn(2) ? text : mutate(random, text);
}

/** A frame that is right, wrong, or claims to be larger than memory. */
function frame(): Uint8Array {
  switch (random.below(9)) {
    case 0:
      return encodeFrame({ opcode: Opcode.text, payload: command(), fin: false });
    case 1:
      return encodeFrame({
        opcode: random.below(16),
        payload: random.bytes(random.below(130)),
        rsv: random.below(8),
      });
    case 2:
      return encodeFrame({ opcode: Opcode.text, payload: random.bytes(random.below(200)) });
    case 3:
      return Buffer.concat([Uint8Array.fromHex("81ff7fffffffffffffff"), toBytes(textOf(random))]);
    case 4:
      return encodeFrame({ opcode: Opcode.close, payload: random.bytes(random.below(126)) });
    case 5:
      return encodeFrame({ opcode: Opcode.text, payload: command() }).slice(0, random.below(20));
    case 6:
      return encodeFrame({ opcode: Opcode.text, payload: command(), mask: false });
    default:
      return encodeFrame({ opcode: Opcode.text, payload: command() });
  }
}

const kinds: Record<string, () => Bytes[]> = {
  nothing: () => [],
  noise: () => [random.bytes(random.below(2000))],
  text: () => [textOf(random, 200)],
  "half a request": () => [request().slice(0, random.below(60))],
  "bad request": () => [request()],
  pipelined: () => [Array.from({ length: 20 }, request).join("")],
  post: () => [post()],
  "post in pieces": () => [...post()].slice(0, 60),
  chunked: () => [chunked()],
  "large headers": () => [`GET / HTTP/1.1\r\n${`X: ${"y".repeat(500)}\r\n`.repeat(random.below(60))}`],
  tls: () => [Uint8Array.fromHex("1603010200010001fc0303"), random.bytes(200)],
  "http/2": () => ["PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", random.bytes(60)],
  "bad handshake": () => [mutate(random, handshake) + end],
  "noise after a handshake": () => [handshake + end, random.bytes(random.below(500))],
  frames: () => [handshake + end, ...Array.from({ length: 1 + random.below(6) }, frame)],
  "frames along with the handshake": () => [
    Buffer.concat([toBytes(handshake + end), ...Array.from({ length: 3 }, frame)]),
  ],
  commands: () => [
    handshake + end,
    ...Array.from({ length: 1 + random.below(8) }, () =>
      encodeFrame({ opcode: Opcode.text, payload: command() }),
    ),
  ],
  "an event stream": () => [
    `GET /events?topic=${topicOf(random)}&since=${textOf(random, 5)} HTTP/1.1\r\nHost: a${end}`,
  ],
};
const names = Object.keys(kinds);

const done: Record<string, number> = {};
let failed = 0;

/** Says its part, lingers for a moment, and is gone: politely, or not. */
async function attack(): Promise<void> {
  const name = random.pick(names);
  const pieces = kinds[name]!();
  const { promise: closed, resolve: onClosed } = Promise.withResolvers<void>();
  const timeout = setTimeout(onClosed, connectMs);
  let socket: Socket;
  try {
    socket = await Bun.connect({
      hostname: random.pick(addresses),
      port,
      socket: { data: () => {}, end: () => onClosed(), close: () => onClosed(), error: () => onClosed() },
    });
  } catch {
    failed++;
    clearTimeout(timeout);
    return;
  }
  for (const piece of pieces) {
    socket.write(toBytes(piece));
    if (random.oneIn(3)) await new Promise((resolve) => setImmediate(resolve));
  }
  if (random.oneIn(3)) socket.shutdown();
  await Promise.race([closed, Bun.sleep(random.below(lingerMsMax))]);
  clearTimeout(timeout);
  if (random.oneIn(2)) socket.terminate();
  else socket.end();
  done[name] = (done[name] ?? 0) + 1;
}

let left = count;
await Promise.all(
  Array.from({ length: width }, async () => {
    while (left-- > 0) await attack();
  }),
);
console.log(JSON.stringify({ failed, done }));
process.exit();
