import { describe, expect, test } from "bun:test";
import type { DuplicateUser } from "../../../src/session/seats.ts";
import { until } from "../../support/until.ts";
import { useNodes } from "./use-nodes.ts";

let users = 0;
const someone = () => `user-${++users}`;

/** Connects to several nodes at the same moment; those that were let in, and the codes with which they closed. */
async function connectAll(urls: readonly string[], userId: string) {
  const sockets = urls.map(
    (url) => new WebSocket(`${url.replace("http", "ws")}/ws?topics=&user_id=${userId}`),
  );
  const codes: (number | null)[] = sockets.map(() => null);
  const opened = await Promise.all(
    sockets.map(
      (socket, index) =>
        new Promise<boolean>((resolve) => {
          socket.onopen = () => resolve(true);
          socket.onclose = ({ code }) => {
            codes[index] = code;
            resolve(false);
          };
        }),
    ),
  );
  return {
    opened,
    codes,
    isOpen: () => sockets.map(({ readyState }) => readyState === WebSocket.OPEN),
    closeAll() {
      for (const socket of sockets) socket.close();
    },
  };
}

function useDuplicates(duplicateUser: DuplicateUser) {
  return useNodes(3, { duplicateUser });
}

describe("replace", () => {
  const nodes = useDuplicates("replace");

  test("closes the user's WebSocket on another node with 4409", async () => {
    const alice = someone();
    const stream = await nodes.read(0, `user_id=${alice}&topic=news`);
    const bob = await nodes.connect(0, `topics=&user_id=${someone()}`);
    let former = await nodes.connect(0, `topics=&user_id=${alice}`);
    for (const node of [1, 2, 2, 0]) {
      const next = await nodes.connect(node, `topics=&user_id=${alice}`);
      expect((await former.closed).code).toBe(4409);
      expect((await next.request({ type: "ping" })).type).toBe("pong");
      former = next;
    }
    expect((await bob.request({ type: "ping" })).type).toBe("pong");
    await nodes.post(1, "/publish", { topic: "news", message: "still there" });
    expect((await stream.next("message")).data.message).toBe("still there");
  });

  test("leaves one of those who come at the same moment", async () => {
    for (let round = 0; round < 10; round++) {
      const urls = [0, 1, 2, 0, 1, 2].map((node) => nodes.url(node));
      const all = await connectAll(urls, someone());
      await until(() => all.isOpen().filter(Boolean).length === 1, 2000, "one that stays");
      await Bun.sleep(10);
      expect(all.isOpen().filter(Boolean)).toHaveLength(1);
      for (const code of all.codes) expect(code).toBeOneOf([null, 4409]);
      all.closeAll();
    }
  });
});

describe("reject", () => {
  const nodes = useDuplicates("reject");

  test("refuses the user's second WebSocket on any node with 409", async () => {
    const alice = someone();
    await nodes.read(1, `user_id=${alice}&topic=news`);
    const client = await nodes.connect(0, `topics=&user_id=${alice}`);
    const upgrade = (node: number) =>
      fetch(`${nodes.url(node)}/ws?user_id=${alice}`, {
        headers: {
          upgrade: "websocket",
          connection: "Upgrade",
          "sec-websocket-version": "13",
          "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
        },
      });
    for (const node of [0, 1, 2]) {
      const refused = await upgrade(node);
      expect([refused.status, refused.headers.get("x-content-type-options")]).toEqual([409, "nosniff"]);
      expect(((await refused.json()) as { error: { code: string } }).error.code).toBe("conflict");
    }
    await client.close();
    await until(async () => (await nodes.get(0, "/status")).body.connected_users === 0);
    await nodes.connect(2, `topics=&user_id=${alice}`);
  });

  test("lets in one of those who come at the same moment", async () => {
    for (let round = 0; round < 10; round++) {
      const urls = [0, 1, 2, 0, 1, 2].map((node) => nodes.url(node));
      const all = await connectAll(urls, someone());
      expect(all.opened.filter(Boolean)).toHaveLength(1);
      all.closeAll();
    }
  });

  test("lets in one user beside another, and those without a user id", async () => {
    for (const node of [0, 1]) {
      await nodes.connect(node, `topics=&user_id=${someone()}`);
      await nodes.connect(node);
    }
  });
});
