import { afterAll, beforeAll, expect, test } from "bun:test";
import { readClaims } from "../../../src/auth/claims.ts";
import { Failure } from "../../../src/core/failure.ts";
import { type SpawnedServer, spawnServer } from "../../support/server.ts";
import { secretIssuer } from "../../support/tokens.ts";
import { WireConversation } from "./support/conversation.ts";
import { blocksIn, readDocument, section, tableRows } from "./support/document.ts";
import { ExampleRunner } from "./support/example-runner.ts";
import { Placeholders } from "./support/placeholders.ts";
import { Shell } from "./support/shell.ts";

const document = await readDocument("docs/authentication.md");

/** The settings of the example, as a shell reads them. */
const settings = Object.fromEntries(
  blocksIn(document, "sh")[0]!.lines.map((line) => {
    const [, name, value] = /^([A-Z_]+)='(.*)'$/.exec(line)!;
    return [name!, value!];
  }),
);

let server: SpawnedServer;

beforeAll(async () => {
  server = await spawnServer({ env: settings });
});

afterAll(async () => {
  await server.stop();
});

test("a server with the example's settings does what it says", async () => {
  const issuer = secretIssuer(settings.JWT_SECRET);
  const placeholders = new Placeholders();
  placeholders.set("port", String(server.port));
  // Before the revocation of the same second.
  const iat = Math.floor(Date.now() / 1000) - 1;
  placeholders.set("alice", await issuer.issue({ iat, fanfare: { subscribe: ["news.*"] } }));
  placeholders.set("newer", await issuer.issue({ iat, fanfare: { publish: ["chat"] } }));
  placeholders.set("bob", await issuer.issue({ sub: "bob" }));
  placeholders.set("expired", await issuer.issue({ exp: 1_700_000_000 }));
  const shell = new Shell({ folder: import.meta.dir, placeholders });
  const connect = (path: string) => WireConversation.open(server.url, path, placeholders);
  const runner = new ExampleRunner({ shell, connect });
  try {
    for (const example of blocksIn(document, "console", "wire")) await runner.run(document, example);
    await runner.end();
  } finally {
    await shell.stop();
  }
}, 60_000);

test("the example of a token is one", () => {
  const [claims] = blocksIn(document, "json").map(({ lines }) => JSON.parse(lines.join("\n")));
  expect(readClaims(claims)).not.toBeInstanceOf(Failure);
});

test("every route that asks who calls is in the table", async () => {
  const { paths } = (await (await fetch(`${server.url}/docs/json`)).json()) as {
    paths: Record<string, object>;
  };
  const table = tableRows(section(document, "## Who needs what over REST"))
    .map(([route]) => route)
    .join(" ");
  const open = ["/", "/health", "/ready", "/asyncapi.json"];
  const missing = Object.keys(paths).filter((path) => {
    const route = path.replace("{topic}", ":topic");
    const family = ["/users/", "/metrics"].find((beginning) => route.startsWith(beginning));
    const written = family === undefined ? route : `${family}…`;
    return !open.includes(path) && !table.includes(`${written}\``) && !table.includes(`${written},`);
  });
  expect(missing).toEqual([]);
});
