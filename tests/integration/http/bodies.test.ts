import { afterAll, describe, expect, test } from "bun:test";
import { RawConnection } from "../../support/raw-connection.ts";
import { startApplication } from "./support/application-server.ts";

const maxBodyBytes = 100_000;
const maxFrameBytes = 10_000;
const server = startApplication({ config: { maxBodyBytes, maxFrameBytes } });
afterAll(() => server.stop());

const publication = JSON.stringify({ topic: "t", message: "x" });

type Body = NonNullable<RequestInit["body"]>;

function publish(body: Body, headers: Record<string, string> = {}): Promise<Response> {
  return server.fetch("/publish", { method: "POST", body, headers });
}

function streamOf(...chunks: (string | Uint8Array)[]): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(typeof chunk === "string" ? Buffer.from(chunk) : chunk);
      controller.close();
    },
  });
}

async function errorOf(answer: Response) {
  const { error } = (await answer.json()) as { error: { code: string; message: string } };
  return { status: answer.status, code: error.code, message: error.message };
}

describe("what is taken as JSON", () => {
  const types = [
    "application/json",
    "application/json; charset=utf-8",
    "Application/JSON",
    "application/cloudevents+json",
    "text/plain;charset=UTF-8",
    "application/x-www-form-urlencoded",
  ];
  for (const type of types) {
    test(type, async () => {
      expect((await publish(publication, { "content-type": type })).status).toBe(200);
    });
  }

  test("a body without a type", async () => {
    const answer = await publish(Buffer.from(publication));
    expect(answer.status).toBe(200);
  });

  test("a body of unknown length, in parts that split a character", async () => {
    const bytes = Buffer.from(JSON.stringify({ topic: "parts", message: "é" }));
    const middle = bytes.indexOf(0xc3) + 1;
    const answer = await publish(streamOf(bytes.subarray(0, middle), bytes.subarray(middle)));
    expect(answer.status).toBe(200);
    const history = await (await server.fetch("/topics/parts/history")).json();
    expect(history).toMatchObject({ publications: [{ message: "é" }] });
  });

  test("nothing else", async () => {
    for (const type of [
      "text/xml",
      "multipart/form-data; boundary=x",
      "image/png",
      "json",
      "application/jsonp",
    ]) {
      const error = await errorOf(await publish(publication, { "content-type": type }));
      expect(error).toMatchObject({ status: 415, code: "bad_request" });
    }
  });
});

describe("what cannot be read", () => {
  const cases: [string, Body][] = [
    ["broken JSON", '{"topic":"t",'],
    ["text", "hello"],
    ["a form", "message=hello"],
    [
      "bytes that are not UTF-8",
      new Uint8Array([...Buffer.from('{"topic":"t","message":"'), 0xff, 0x22, 0x7d]),
    ],
    ["a character that is cut short", streamOf(new Uint8Array([0x22, 0xc3]))],
    ["UTF-16", new Uint8Array(Buffer.from(publication, "utf16le"))],
  ];
  for (const [name, body] of cases) {
    test(name, async () => {
      expect(await errorOf(await publish(body))).toMatchObject({ status: 400, code: "bad_request" });
    });
  }
});

describe("what is too large", () => {
  const tooLarge = "x".repeat(maxBodyBytes + 1);

  test("a body whose length says so", async () => {
    expect(await errorOf(await publish(tooLarge))).toMatchObject({ status: 413, code: "too_large" });
  });

  test("a body whose length says so is not waited for", async () => {
    const connection = await RawConnection.connect({ hostname: "127.0.0.1", port: server.port });
    connection.write(
      `POST /publish HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${maxBodyBytes + 1}\r\n\r\n`,
    );
    expect((await connection.takeHttpResponse()).status).toBe(413);
    connection.destroy();
  });

  test("a body that turns out to be, without its end", async () => {
    let sent = 0;
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        sent += 10_000;
        controller.enqueue(new Uint8Array(10_000).fill(0x20));
      },
    });
    expect(await errorOf(await publish(endless))).toMatchObject({ status: 413, code: "too_large" });
    expect(sent).toBeLessThan(20_000_000);
  });

  test("a publication that is too large for a frame, in a body that is not", async () => {
    const large = { topic: "t", message: "x".repeat(maxFrameBytes) };
    expect(await errorOf(await server.post("/publish", large))).toMatchObject({
      status: 413,
      code: "too_large",
    });
    const batch = await server.post("/publish/batch", [large, { topic: "t", message: "x" }]);
    expect(batch.status).toBe(200);
    expect(await batch.json()).toMatchObject({ results: [{ error: { code: "too_large" } }, { topic: "t" }] });
    expect((await server.post("/notify", { message: large.message })).status).toBe(413);
  });

  test("blanks, other publications and a list of topics do not count as the publication's", async () => {
    expect((await publish(publication + " ".repeat(maxFrameBytes))).status).toBe(200);
    const topics = Array.from({ length: 500 }, (_, index) => `a-topic-with-a-long-name-${index}`);
    expect((await server.post("/publish", { topics, message: "x" })).status).toBe(200);
  });
});

describe("what is hostile", () => {
  const deep = `${"[".repeat(40_000)}${"]".repeat(40_000)}`;
  const bodies = [
    deep,
    `{"topic":${deep}}`,
    `{"topic":"t","data":${deep}}`,
    `{"topic":"t","message":"x","tags":{"a":${deep}}}`,
    `{"topic":"t","message":"x","tags":${deep}}`,
    `[${deep}]`,
    `{"publications":[${deep}]}`,
  ];
  for (const body of bodies) {
    test(`nesting without end: ${body.slice(0, 30)}`, async () => {
      expect([413, 422]).toContain((await server.post("/publish", body)).status);
      for (const path of ["/publish/batch", "/notify"]) {
        expect([200, 413, 422, 503]).toContain((await server.post(path, body)).status);
      }
    });
  }

  test("nesting without end in a field that is left out", async () => {
    const answer = await server.post("/publish", `{"topic":"t","message":"x","zzz":${deep}}`);
    expect(await errorOf(answer)).toMatchObject({ status: 422, code: "invalid" });
  });

  test("names of prototypes", async () => {
    const body =
      '{"topic":"proto","message":"x","__proto__":{"store":false},"constructor":{"prototype":{"a":1}}}';
    expect(await (await server.post("/publish", body)).json()).toMatchObject({ offset: 1 });
    expect(({} as Record<string, unknown>).a).toBeUndefined();
    expect(({} as Record<string, unknown>).store).toBeUndefined();
  });

  test("no answer repeats what was sent, and nothing is logged as a fault of the server", async () => {
    const secret = "s3cr3t-token";
    const requests: [string, RequestInit][] = [
      ["/publish", { method: "POST", body: `{"topic":"${secret} "}` }],
      ["/publish", { method: "POST", body: `{"topic":"t","message":"x","event":"${secret} "}` }],
      ["/publish", { method: "POST", body: secret }],
      ["/notify", { method: "POST", body: JSON.stringify({ message: { secret } }) }],
      [`/topics/${secret}%20`, {}],
      [`/topics/t/history?since=${secret}`, {}],
      [`/topics/t/history?limit=${secret}&reverse=${secret}`, {}],
      [`/${secret}`, {}],
      [`/publish?token=${secret}`, {}],
      ["/publish", { method: "POST", body: publication, headers: { origin: `https://${secret}.example` } }],
    ];
    for (const [path, init] of requests) {
      const answer = await server.fetch(path, init);
      expect(answer.status).toBeGreaterThanOrEqual(400);
      expect(await answer.text()).not.toContain(secret);
      expect(JSON.stringify([...answer.headers])).not.toContain(secret);
    }
    expect(server.logged).toEqual([]);
  });
});
