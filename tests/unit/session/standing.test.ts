import { expect, test } from "bun:test";
import { Admitted, type Admittee } from "../../../src/auth/admitted.ts";
import { ClientIdentities } from "../../../src/auth/client-identities.ts";
import { handshakeOf } from "../../../src/session/handshake.ts";
import { Standing } from "../../../src/session/standing.ts";
import { createFakePorts } from "../../support/fake-ports.ts";
import { openAuthentication } from "../../support/open-authentication.ts";

const identities = new ClientIdentities();

function start(expiresInMs: number) {
  const ports = createFakePorts();
  /** Everything that was admitted and not removed. */
  const held: Admittee[] = [];
  const admitted = new Admitted(ports);
  const authentication = {
    ...openAuthentication(ports),
    admitted: {
      add(admittee: Admittee) {
        held.push(admittee);
        admitted.add(admittee);
      },
      remove(admittee: Admittee) {
        const index = held.indexOf(admittee);
        if (index >= 0) held.splice(index, 1);
        admitted.remove(admittee);
      },
    },
  };
  const identify = (inMs: number, fanfare: object = {}) => {
    const expiresAtMs = ports.clock.now() + inMs;
    return identities.identify({ userId: "alice", tokenId: null, issuedAtMs: null, expiresAtMs, fanfare });
  };
  const asked = { userId: null, name: null, client: null, topics: [], since: null };
  const handshake = handshakeOf(asked, identify(expiresInMs), { topicsMax: 10, ...authentication });
  if (!("identity" in handshake)) throw new Error(handshake.message);
  let ended = 0;
  const standing = new Standing(
    handshake,
    { authentication, clock: ports.clock },
    { disconnect: () => void ended++ },
  );
  return { ports, held, identify, standing, endings: () => ended };
}

test("it ends with its token, once", () => {
  const { ports, endings } = start(3000);
  ports.scheduler.advance(2999);
  expect(endings()).toBe(0);
  ports.scheduler.advance(10_000);
  expect(endings()).toBe(1);
});

test("a newer token takes the place of the older: it is held once, and ends with the newer", () => {
  const { ports, held, identify, standing, endings } = start(3000);
  for (let count = 0; count < 100; count++) standing.replace(identify(10_000 + count * 1000));
  expect(held).toEqual([standing]);
  ports.scheduler.advance(100_000);
  expect(endings()).toBe(0);
  ports.scheduler.advance(10_000);
  expect(endings()).toBe(1);
});

test("closed, nothing of it is held", () => {
  const { ports, held, standing, endings } = start(3000);
  standing.close();
  ports.scheduler.advance(10_000);
  expect([held.length, endings()]).toEqual([0, 0]);
});

test("a topic that the server wants it to read may be read, until the server wants it no more", () => {
  const { standing, identify } = start(3000);
  expect(standing.refusal("subscribe", "t")).toMatchObject({ code: "forbidden" });
  standing.place("t");
  standing.replace(identify(5000));
  expect(standing.refusal("subscribe", "t")).toBeNull();
  expect(standing.refusal("history", "t")).toMatchObject({ code: "forbidden" });
  standing.displace("t");
  expect(standing.refusal("subscribe", "t")).toMatchObject({ code: "forbidden" });
});

test("the role is the newest token's", () => {
  const { standing, identify } = start(3000);
  expect(standing.role).toBe("chat");
  standing.replace(identify(5000, { role: "admin" }));
  expect(standing.role).toBe("admin");
  standing.replace(identify(5000));
  expect(standing.role).toBe("chat");
});
