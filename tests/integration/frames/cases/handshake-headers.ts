import { refused, rejected, type UpgradeCase, welcomed } from "../upgrade-case.ts";

const notAnUpgrade = refused(426, "bad_request");
const invalidHandshake = refused(400, "bad_request");

export const handshakeHeaderCases: readonly UpgradeCase[] = [
  { name: "a valid handshake", answer: welcomed },
  { name: "a valid handshake, byte by byte", pieceBytes: 1, answer: welcomed },
  {
    name: "names of protocols and options are not case-sensitive",
    headers: () => ({ Upgrade: "WebSocket", Connection: "keep-alive, upgrade" }),
    answer: welcomed,
  },
  {
    name: "no Upgrade header: a plain GET",
    headers: () => ({
      Upgrade: null,
      Connection: null,
      "Sec-WebSocket-Key": null,
      "Sec-WebSocket-Version": null,
    }),
    answer: notAnUpgrade,
  },
  { name: "an upgrade to h2c", headers: () => ({ Upgrade: "h2c" }), answer: notAnUpgrade },
  {
    name: "no Connection header",
    headers: () => ({ Connection: null }),
    answer: welcomed,
    departure:
      "RFC 6455 wants it; Upgrade, key and version are still there, and no page can forge those of Sec-.",
  },
  {
    name: "no Sec-WebSocket-Key",
    headers: () => ({ "Sec-WebSocket-Key": null }),
    answer: invalidHandshake,
  },
  {
    name: "an empty Sec-WebSocket-Key",
    headers: () => ({ "Sec-WebSocket-Key": "" }),
    answer: invalidHandshake,
  },
  {
    name: "a Sec-WebSocket-Key that is too short",
    headers: () => ({ "Sec-WebSocket-Key": "c2hvcnQ=" }),
    answer: invalidHandshake,
  },
  {
    name: "a Sec-WebSocket-Key of the right length that is not base64",
    headers: () => ({ "Sec-WebSocket-Key": "!!!!!!!!!!!!!!!!!!!!!!!!" }),
    answer: invalidHandshake,
  },
  {
    name: "two Sec-WebSocket-Keys",
    moreLines: ["Sec-WebSocket-Key: AQIDBAUGBwgJCgsMDQ4PEA=="],
    answer: invalidHandshake,
  },
  {
    name: "Sec-WebSocket-Version 8",
    headers: () => ({ "Sec-WebSocket-Version": "8" }),
    answer: rejected(426),
  },
  {
    name: "no Sec-WebSocket-Version",
    headers: () => ({ "Sec-WebSocket-Version": null }),
    answer: rejected(426),
  },
  {
    name: "a foreign Origin",
    headers: () => ({ Origin: "https://elsewhere.example" }),
    answer: refused(403, "forbidden"),
  },
  {
    name: "the Origin of another port of the same host",
    headers: () => ({ Origin: "http://127.0.0.1:1" }),
    answer: refused(403, "forbidden"),
  },
  {
    name: "an Origin that ends like the host",
    headers: (host) => ({ Origin: `http://elsewhere.example/${host}` }),
    answer: refused(403, "forbidden"),
  },
  { name: "an opaque Origin", headers: () => ({ Origin: "null" }), answer: refused(403, "forbidden") },
  {
    name: "an Origin that is no URL",
    headers: () => ({ Origin: "!" }),
    answer: refused(403, "forbidden"),
  },
  { name: "the same Origin", headers: (host) => ({ Origin: `http://${host}` }), answer: welcomed },
  { name: "a Host of one letter", headers: () => ({ Host: "a" }), answer: welcomed },
  { name: "no Host", headers: () => ({ Host: null }), answer: rejected(400) },
  {
    name: "an empty Host",
    headers: () => ({ Host: "" }),
    answer: welcomed,
    departure: "Only an authority-less URI may have one; the host is used for nothing but the Origin check.",
  },
  {
    name: "two Hosts",
    moreLines: ["Host: elsewhere.example"],
    answer: welcomed,
    departure: "RFC 9112 wants 400; the two are read as one that no Origin equals, as the next case shows.",
  },
  {
    name: "two Hosts, and the Origin of one of them",
    headers: () => ({ Origin: "http://elsewhere.example" }),
    moreLines: ["Host: elsewhere.example"],
    answer: refused(403, "forbidden"),
  },
];
