import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createHash, createHmac, createSign } from "node:crypto";
import type { RunningServer } from "../../src/lifecycle/server.ts";
import { startTestServer } from "../support/server.ts";
import {
  forgeToken,
  hmacSignature,
  type PublicIssuer,
  publicIssuer,
  secretIssuer,
} from "../support/tokens.ts";
import { refusedUpgrade } from "../support/upgrade.ts";
import { WebSocketClient } from "../support/websocket-client.ts";

let rsa: PublicIssuer;
let ec: PublicIssuer;
let server: RunningServer;
/** Addresses that a token may want the server to fetch keys from. */
let fetched: string[];
const attacker = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  fetch(request) {
    fetched.push(request.url);
    return Response.json({ keys: [] });
  },
});

beforeAll(async () => {
  rsa = await publicIssuer("RS256");
  ec = await publicIssuer("ES256");
  fetched = [];
  server = await startTestServer({ jwtPublicKey: rsa.pem, jwtAudience: ["fanfare"], jwtIssuer: ["issuer"] });
});

afterAll(async () => {
  await server.stop();
  await attacker.stop(true);
});

const now = () => Math.floor(Date.now() / 1000);
const fanfare = { role: "admin", subscribe: ["*"], publish: ["*"], presence: ["*"], history: ["*"] };
const claims = () => ({ sub: "root", aud: "fanfare", iss: "issuer", exp: now() + 600, fanfare });

/** A payload, as it stands, with the issuer's own signature. */
function signed(payload: string): string {
  const sign = (text: string) =>
    createSign("RSA-SHA256").update(text).sign(rsa.privatePem).toString("base64url");
  return forgeToken({ alg: "RS256" }, payload, sign);
}

/** The token gets nobody in, by any of the ways that there are. */
async function expectRefused(token: string): Promise<void> {
  const ways: [string, Record<string, string>][] = [
    ["", { Authorization: `Bearer ${token}` }],
    ["", { "Sec-WebSocket-Protocol": `fanfare.v1, fanfare.token.${token}` }],
    [`token=${encodeURIComponent(token)}`, {}],
  ];
  for (const [query, headers] of ways) {
    expect(await refusedUpgrade(server.url, query, headers)).toMatchObject({
      status: 401,
      code: "unauthorized",
    });
  }
  const socket = await WebSocketClient.open(server.url, "topics=");
  expect(await socket.request({ type: "authenticate", token })).toMatchObject({ code: "unauthorized" });
  expect((await socket.closed).code).toBe(4401);
  const authorization = `Bearer ${token}`;
  for (const path of ["/topics", "/events?topic=a"]) {
    expect((await fetch(server.url + path, { headers: { authorization } })).status).toBe(401);
  }
}

test("the honest token of this file is let in, so that the others are refused for what is wrong with them", async () => {
  const client = await WebSocketClient.open(server.url, "topics=", {
    authorization: `Bearer ${await rsa.issue(claims())}`,
  });
  expect(await client.next("welcome")).toMatchObject({ user_id: "root", role: "admin" });
  await client.close();
});

describe("alg none", () => {
  test.each(["none", "None", "NONE", "nOnE", ""])("%j", async (alg) => {
    await expectRefused(forgeToken({ alg, typ: "JWT" }, claims()));
  });

  test("with the honest token's signature left behind", async () => {
    const signature = (await rsa.issue(claims())).split(".")[2]!;
    await expectRefused(forgeToken({ alg: "none" }, claims(), () => signature));
  });
});

describe("RS/HS confusion", () => {
  test.each<[string, (pem: string) => string]>([
    ["the public key's text as the secret", (pem) => pem],
    ["without its last line end", (pem) => pem.trimEnd()],
    ["with Windows' line ends", (pem) => pem.replaceAll("\n", "\r\n")],
    ["without its frame", (pem) => pem.replace(/-----[^-]+-----|\n/g, "")],
    ["an empty secret", () => ""],
  ])("%s", async (_what, secretOf) => {
    const secret = secretOf(rsa.pem);
    await expectRefused(forgeToken({ alg: "HS256" }, claims(), hmacSignature(secret)));
  });

  test("the public key's bytes as the secret", async () => {
    const der = Buffer.from(rsa.pem.replace(/-----[^-]+-----|\n/g, ""), "base64");
    await expectRefused(forgeToken({ alg: "HS256" }, claims(), hmacSignature(der)));
  });

  test("an HMAC that claims to be RS256", async () => {
    const sign = (signed: string) => createHmac("sha256", rsa.pem).update(signed).digest("base64url");
    await expectRefused(forgeToken({ alg: "RS256" }, claims(), sign));
  });

  test("another kind of key for the algorithm", async () => {
    await expectRefused(await ec.issue(claims()));
    await expectRefused(await secretIssuer().issue(claims()));
  });
});

describe("expired", () => {
  test("by a long time, or by more than clocks may differ", async () => {
    for (const exp of [0, 1, now() - 31, -1]) await expectRefused(await rsa.issue({ ...claims(), exp }));
  });

  test("never: without an expiry, or with one that is no time", async () => {
    for (const exp of ["", ',"exp":null', ',"exp":"9999999999"', ',"exp":1e400', ',"exp":[9999999999]']) {
      await expectRefused(signed(`{"sub":"root","aud":"fanfare","iss":"issuer"${exp}}`));
    }
  });

  test("in a thousand years", async () => {
    await expectRefused(await rsa.issue({ ...claims(), exp: now() + 31_536_000_000 }));
  });

  test("not yet valid", async () => {
    await expectRefused(await rsa.issue({ ...claims(), nbf: now() + 60 }));
  });
});

describe("wrong audience", () => {
  test("another, none, one in a list, or the right one in other letters", async () => {
    for (const aud of [undefined, "", "Fanfare", "fanfare ", "fan", ["other"], [], ["fanfar", "e"]]) {
      await expectRefused(await rsa.issue({ ...claims(), aud }));
    }
  });

  test("and wrong issuer", async () => {
    for (const iss of [undefined, "", "issuer2", "Issuer"])
      await expectRefused(await rsa.issue({ ...claims(), iss }));
  });
});

describe("huge token", () => {
  test("is refused by its length, before its signature costs anything", async () => {
    const huge = await rsa.issue({ ...claims(), filler: "x".repeat(10_000) });
    expect(await refusedUpgrade(server.url, "", { Authorization: `Bearer ${huge}` })).toMatchObject({
      status: 401,
      message: "The token is longer than 8192 characters.",
    });
  });

  test("of a megabyte by a first frame ends that connection and no other", async () => {
    const witness = await WebSocketClient.open(server.url, "topics=", {
      authorization: `Bearer ${await rsa.issue(claims())}`,
    });
    const socket = await WebSocketClient.open(server.url, "topics=");
    socket.send({ type: "authenticate", token: "x".repeat(1_000_000) });
    expect([1009, 1006, 4401]).toContain((await socket.closed).code);
    expect(await witness.request({ type: "ping" })).toMatchObject({ type: "pong" });
    await witness.close();
  });

  test("with more grants than there may be", async () => {
    const many = Array.from({ length: 201 }, (_, index) => `t${index}`);
    await expectRefused(await rsa.issue({ ...claims(), fanfare: { subscribe: many } }));
  });
});

describe("kid path tricks", () => {
  const kids = [
    "../../../../../../dev/null",
    "/etc/passwd",
    "file:///dev/null",
    "http://127.0.0.1/",
    "key' UNION SELECT 'secret",
    "key\0",
    "|/usr/bin/id",
    "__proto__",
    "constructor",
    "a".repeat(4000),
  ];

  test.each(kids)(
    "%.40s names no file, address or field: the key of an empty file makes no token",
    async (kid) => {
      for (const secret of ["", "\0", "root"]) {
        await expectRefused(forgeToken({ alg: "HS256", kid }, claims(), hmacSignature(secret)));
      }
    },
  );

  test("a kid that is no text", async () => {
    for (const kid of [{}, [], 7, null, true]) {
      await expectRefused(forgeToken({ alg: "RS256", kid }, claims(), () => "AAAA"));
    }
  });
});

describe("a key that the token brings itself", () => {
  test("in its header (jwk, x5c) is not looked at", async () => {
    const own = await publicIssuer("RS256");
    await expectRefused(await own.issue(claims(), { jwk: own.jwk() }));
    await expectRefused(await own.issue(claims(), { x5c: [own.pem] }));
  });

  test("at an address (jku, x5u) is not fetched", async () => {
    const own = await publicIssuer("RS256");
    const address = `http://127.0.0.1:${attacker.port}/keys.json`;
    await expectRefused(await own.issue(claims(), { jku: address, kid: "1" }));
    await expectRefused(await own.issue(claims(), { x5u: address }));
    expect(fetched).toEqual([]);
  });
});

describe("changed", () => {
  test("any character of it", async () => {
    const honest = await rsa.issue(claims());
    const places = [3, honest.indexOf(".") + 5, honest.lastIndexOf(".") + 7];
    for (const place of places) {
      const other = honest[place] === "A" ? "B" : "A";
      await expectRefused(honest.slice(0, place) + other + honest.slice(place + 1));
    }
  });

  test("its signature cut off, doubled, or of something else", async () => {
    const [header, payload, signature] = (await rsa.issue(claims())).split(".");
    const digest = createHash("sha256").update(`${header}.${payload}`).digest("base64url");
    for (const forged of ["", signature!.slice(0, -4), `${signature}${signature}`, digest]) {
      await expectRefused(`${header}.${payload}.${forged}`);
    }
  });
});

test("claims of a prototype grant nothing", async () => {
  const payload = `{"sub":"root","aud":"fanfare","iss":"issuer","exp":${now() + 600},"__proto__":{"fanfare":${JSON.stringify(fanfare)}}}`;
  const token = signed(payload);
  const client = await WebSocketClient.open(server.url, "topics=", { authorization: `Bearer ${token}` });
  expect(await client.next("welcome")).toMatchObject({ role: "chat" });
  expect(await client.request({ type: "publish", topic: "t", message: "m" })).toMatchObject({
    code: "forbidden",
  });
  await client.close();
});
