import { afterAll, describe, expect, test } from "bun:test";
import { fetchText } from "../../../src/lifecycle/fetch-text.ts";

const server = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  fetch(request) {
    switch (new URL(request.url).pathname) {
      case "/text":
        return new Response("wörd");
      case "/large":
        return new Response("x".repeat(1001));
      case "/bomb":
        return new Response(Bun.gzipSync(new Uint8Array(10_000_000)), {
          headers: { "content-encoding": "gzip" },
        });
      case "/away":
        return Response.redirect("/text", 302);
      case "/silent":
        return new Response(new ReadableStream({ start: () => {} }));
      default:
        return new Response("no", { status: 404 });
    }
  },
});

afterAll(() => server.stop(true));

const read = (path: string) => {
  return fetchText(`http://127.0.0.1:${server.port}${path}`, { timeoutMs: 300, bytesMax: 1000 });
};

test("a text is read", async () => {
  expect(await read("/text")).toBe("wörd");
});

describe("is refused:", () => {
  test.each<[string, string, RegExp]>([
    ["what is not there", "/nothing", /status 404/],
    ["what is too large", "/large", /larger than 1000 bytes/],
    ["what is too large once it is unpacked", "/bomb", /larger than 1000 bytes/],
    ["a redirect", "/away", /redirect/i],
    ["what never ends", "/silent", /timed out|abort/i],
  ])("%s", async (_what, path, reason) => {
    expect(read(path)).rejects.toThrow(reason);
  });
});
