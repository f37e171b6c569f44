import { afterAll, describe, expect, test } from "bun:test";
import { startApplication } from "./support/application-server.ts";

const listed = "https://app.example";
const foreign = "https://evil.example";

const closed = startApplication();
const listing = startApplication({ config: { corsOrigins: [listed] } });
const open = startApplication({ config: { corsOrigins: ["*"] } });
afterAll(() => Promise.all([closed.stop(), listing.stop(), open.stop()]));

const publication = { topic: "t", message: "x" };

describe("what changes something", () => {
  const changes: [string, string][] = [
    ["POST", "/publish"],
    ["POST", "/publish/batch"],
    ["POST", "/notify?message=x"],
    ["POST", "/users/alice/disconnect"],
    ["DELETE", "/topics/t/history"],
  ];
  for (const [method, path] of changes) {
    test(`${method} ${path} is refused to pages of foreign origins`, async () => {
      for (const server of [closed, listing]) {
        for (const origin of [foreign, "null", `${foreign}:8443`, "nonsense"]) {
          const answer = await server.fetch(path, { method, headers: { origin } });
          expect(answer.status).toBe(403);
          expect(await answer.json()).toMatchObject({ error: { code: "forbidden" } });
        }
      }
    });
  }

  test("is taken from no page, from its own and from those that are listed", async () => {
    expect((await closed.post("/publish", publication)).status).toBe(200);
    expect((await closed.post("/publish", publication, { origin: closed.url })).status).toBe(200);
    expect((await listing.post("/publish", publication, { origin: listed })).status).toBe(200);
    expect((await open.post("/publish", publication, { origin: foreign })).status).toBe(200);
  });
});

describe("what a page of another origin may read", () => {
  const allowedOrigin = async (server: typeof open, origin: string, path = "/topics") => {
    const answer = await server.fetch(path, { headers: { origin } });
    return answer.headers.get("access-control-allow-origin");
  };

  test("nothing, unless it is listed", async () => {
    expect(await allowedOrigin(closed, foreign)).toBeNull();
    expect(await allowedOrigin(listing, foreign)).toBeNull();
    expect(await allowedOrigin(listing, listed)).toBe(listed);
    expect(await allowedOrigin(open, foreign)).toBe("*");
  });

  test("errors too, and event streams", async () => {
    expect(await allowedOrigin(listing, listed, "/nowhere")).toBe(listed);
    expect(await allowedOrigin(listing, listed, "/events?topic=a")).toBe(listed);
  });

  test("caches tell origins apart, also where none was named", async () => {
    expect((await listing.fetch("/topics")).headers.get("vary")).toBe("Origin");
    expect((await listing.fetch("/")).headers.get("vary")).toBe("Accept, Origin");
  });
});

describe("preflights", () => {
  const preflight = (server: typeof open, origin: string) =>
    server.fetch("/publish", {
      method: "OPTIONS",
      headers: {
        origin,
        "access-control-request-method": "POST",
        "access-control-request-headers": "content-type",
      },
    });

  test("are granted to those that are listed", async () => {
    for (const [server, origin] of [
      [listing, listed],
      [open, foreign],
    ] as const) {
      const answer = await preflight(server, origin);
      expect(answer.status).toBe(204);
      expect(answer.headers.get("access-control-allow-origin")).toBe(server === open ? "*" : listed);
      expect(answer.headers.get("access-control-allow-methods")).toContain("POST");
      expect(answer.headers.get("access-control-allow-headers")?.toLowerCase()).toContain("content-type");
    }
  });

  test("are not granted to others", async () => {
    for (const server of [closed, listing]) {
      const answer = await preflight(server, foreign);
      expect(answer.status).toBe(204);
      expect([...answer.headers.keys()].filter((name) => name.startsWith("access-control"))).toEqual([]);
    }
  });
});
