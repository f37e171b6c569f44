import { expect, test } from "bun:test";
import { Elysia, t } from "elysia";
import Type from "typebox";
import { RawConnection } from "../support/raw-connection.ts";

const secret = "connect ECONNREFUSED internal-database";

test("without onError a thrown Error answers 500 with its own message", async () => {
  const app = new Elysia().get("/", () => {
    throw new Error(secret);
  });
  const response = await app.fetch(new Request("http://localhost/"));
  expect(response.status).toBe(500);
  expect(await response.text()).toContain(secret);
});

test("a global onError that returns a Response hides it, for routes of plugins too", async () => {
  const plugin = new Elysia().get("/plugin", () => {
    throw new Error(secret);
  });
  const app = new Elysia().onError(({ code }) => new Response(String(code), { status: 500 })).use(plugin);
  const response = await app.fetch(new Request("http://localhost/plugin"));
  expect(await response.text()).toBe("UNKNOWN");
});

test("a validation error echoes the input; onError sees VALIDATION and which part was wrong", async () => {
  const body = t.Object({ topic: t.String() });
  const request = () =>
    new Request("http://localhost/", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ topic: { password: "hunter2" } }),
    });
  const bare = new Elysia().post("/", () => "ok", { body });
  const leaking = await bare.fetch(request());
  expect(leaking.status).toBe(422);
  expect(await leaking.text()).toContain("hunter2");

  const mended = new Elysia()
    .onError(({ code, error }) => {
      const part = code === "VALIDATION" ? error.type : "none";
      return new Response(`${code} ${part}`, { status: 422 });
    })
    .post("/", () => "ok", { body });
  expect(await (await mended.fetch(request())).text()).toBe("VALIDATION body");
});

test("a broken answer of our own is a VALIDATION error on the response, with status 422 unless mended", async () => {
  let part = "";
  const app = new Elysia()
    .onError(({ code, error, set }) => {
      if (code === "VALIDATION") part = error.type;
      set.status = 500;
      return "mended";
    })
    .get("/", () => ({ count: "not a number" }) as unknown as { count: number }, {
      response: t.Object({ count: t.Number() }),
    });
  const response = await app.fetch(new Request("http://localhost/"));
  expect(part).toBe("response");
  expect(response.status).toBe(500);
});

test("properties that a body schema does not name are stripped", async () => {
  const app = new Elysia().post("/", ({ body }) => body, { body: t.Object({ topic: t.String() }) });
  const response = await app.fetch(
    new Request("http://localhost/", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ topic: "t", extra: 1 }),
    }),
  );
  expect(await response.json()).toEqual({ topic: "t" });
});

test("mounted by app.fetch the context has no server until app.server is set", async () => {
  const app = new Elysia().get(
    "/",
    ({ server, request }) => server?.requestIP(request)?.address ?? "no server",
  );
  await using server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: (request) => app.fetch(request) });
  expect(await (await fetch(server.url)).text()).toBe("no server");
  app.server = server as unknown as NonNullable<typeof app.server>;
  expect(await (await fetch(server.url)).text()).toBe("127.0.0.1");
});

test("a Host header under four characters makes Elysia miss every path", async () => {
  const app = new Elysia().get("/here", () => "found");
  await using server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: (request) => app.fetch(request) });
  const statusWithHost = async (host: string): Promise<number> => {
    const connection = await RawConnection.connect({ hostname: "127.0.0.1", port: server.port! });
    connection.write(`GET /here HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
    const { status } = await connection.takeHttpResponse();
    connection.destroy();
    return status;
  };
  expect(await statusWithHost("a.bc")).toBe(200);
  expect(await statusWithHost("abc")).toBe(404);
  expect(await statusWithHost("a")).toBe(404);
});

test("a schema of the standalone typebox does not work in a route", async () => {
  const foreign = Type.Object({ topic: Type.String() }) as unknown as ReturnType<typeof t.Object>;
  let status = 0;
  try {
    const app = new Elysia().post("/", () => "ok", { body: foreign });
    const response = await app.fetch(
      new Request("http://localhost/", {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ topic: "t" }),
      }),
    );
    status = response.status;
  } catch {
    status = 500;
  }
  expect(status).toBe(500);
});
