import { afterAll, describe, expect, test } from "bun:test";
import { startApplication } from "./support/application-server.ts";

const server = startApplication();
afterAll(() => server.stop());

const browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

describe("GET /", () => {
  test("is JSON to anyone but a browser", async () => {
    for (const accept of ["*/*", "application/json"]) {
      const answer = await server.fetch("/", { headers: { accept } });
      expect(await answer.text()).toBe('{"message":"Fanfare real-time notifications running!"}');
      expect(answer.headers.get("vary")).toBe("Accept");
    }
  });

  test("is the page to a browser, with its policy", async () => {
    const answer = await server.fetch("/", { headers: { accept: browser } });
    expect(answer.headers.get("content-type")).toBe("text/html; charset=utf-8");
    expect(answer.headers.get("content-security-policy")).toBe(
      "default-src 'none'; script-src 'self'; frame-ancestors 'none'",
    );
    expect(answer.headers.get("cache-control")).toBe("no-cache");
    expect(answer.headers.get("vary")).toBe("Accept, Accept-Encoding");
    expect(await answer.text()).toContain("<title>Fanfare</title>");
  });
});

describe("the page's files", () => {
  const script = "/assets/page-0123.js";
  const get = (headers: Record<string, string>) =>
    server.fetch(script, { headers, decompress: false } as RequestInit);

  test("are kept for ever", async () => {
    const answer = await get({ "accept-encoding": "identity" });
    expect(answer.headers.get("content-type")).toBe("text/javascript; charset=utf-8");
    expect(answer.headers.get("cache-control")).toBe("public, max-age=31536000, immutable");
    expect(answer.headers.get("etag")).toBe('"script"');
    expect(answer.headers.get("content-encoding")).toBeNull();
    expect(await answer.text()).toStartWith("/* blank");
  });

  test("are compressed for those who take it", async () => {
    const answer = await get({ "accept-encoding": "br, gzip;q=0.5" });
    expect(answer.headers.get("content-encoding")).toBe("gzip");
    expect(answer.headers.get("vary")).toBe("Accept-Encoding");
    expect(answer.headers.get("etag")).toBe('W/"script"');
    const body = new Uint8Array(await answer.arrayBuffer());
    expect(body.length).toBeLessThan(200);
    expect(new TextDecoder().decode(Bun.gunzipSync(body))).toStartWith("/* blank");
    for (const refusing of ["gzip;q=0", "br", ""]) {
      expect((await get({ "accept-encoding": refusing })).headers.get("content-encoding")).toBeNull();
    }
  });

  test("are not sent again to those who have them", async () => {
    for (const held of ['"script"', 'W/"script"', '"other", "script"', "*"]) {
      const answer = await get({ "if-none-match": held });
      expect(answer.status).toBe(304);
      expect(answer.headers.get("etag")).toBe('"script"');
      expect(await answer.text()).toBe("");
    }
    expect((await get({ "if-none-match": '"other"' })).status).toBe(200);
  });

  test("the icon is found where browsers look for it", async () => {
    const answer = await server.fetch("/favicon.ico");
    expect(answer.headers.get("content-type")).toBe("image/svg+xml");
    expect(answer.headers.get("cache-control")).not.toContain("immutable");
  });

  test("there are no others", async () => {
    expect((await server.fetch("/assets/page-9999.js")).status).toBe(404);
    expect((await server.fetch("/assets/../package.json")).status).toBe(404);
  });
});
