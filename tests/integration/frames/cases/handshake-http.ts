import { cut, refused, rejected, type UpgradeCase, welcomed } from "../upgrade-case.ts";

const headersTooLarge = rejected(431);

export const handshakeHttpCases: readonly UpgradeCase[] = [
  {
    name: "POST instead of GET",
    method: "POST",
    headers: () => ({ "Content-Length": "0" }),
    answer: refused(426, "bad_request"),
  },
  {
    name: "a method that there is not",
    method: "GRAB",
    answer: cut,
    departure: "A 501 would be apt; nothing was read into.",
  },
  {
    name: "a path that there is not",
    target: "/wss",
    answer: refused(404, "not_found"),
  },
  {
    name: "a path below the WebSocket address",
    target: "/ws/more",
    answer: refused(404, "not_found"),
  },
  {
    name: "HTTP/1.0",
    protocol: "HTTP/1.0",
    answer: welcomed,
    departure: "The RFC wants 1.1; the rest of the handshake is whole, so the client can only mean it.",
  },
  { name: "headers of 12 KB", headers: () => ({ "X-Long": "x".repeat(12_000) }), answer: welcomed },
  { name: "headers of 20 KB", headers: () => ({ "X-Long": "x".repeat(20_000) }), answer: headersTooLarge },
  { name: "headers of 1 MB", headers: () => ({ "X-Long": "x".repeat(1_000_000) }), answer: headersTooLarge },
  {
    name: "three hundred headers",
    moreLines: Array.from({ length: 300 }, (_, index) => `X-${index}: x`),
    answer: headersTooLarge,
  },
  { name: "a query of 20 KB", target: `/ws?x=${"x".repeat(20_000)}`, answer: headersTooLarge },
  { name: "NUL in a header", headers: () => ({ "X-Zero": "a\0b" }), answer: rejected(400) },
  {
    name: "a length and chunks at once, as smugglers send",
    method: "POST",
    headers: () => ({ "Content-Length": "5", "Transfer-Encoding": "chunked" }),
    answer: rejected(400),
  },
  { name: "a TLS handshake on the plain port", raw: "\x16\x03\x01\x02\0\x01\0", answer: rejected(400) },
  {
    name: "lines that end without carriage return",
    raw: "GET /ws HTTP/1.1\nHost: localhost\n\n",
    answer: rejected(505),
    departure: "The status is odd (400 would be apt), the refusal is right.",
  },
];
