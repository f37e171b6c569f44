import { expect, test } from "bun:test";
import { accessByGrants } from "../../../src/auth/access.ts";
import { ClientIdentities } from "../../../src/auth/client-identities.ts";
import type { Identity } from "../../../src/auth/identity.ts";
import { createSessions, HeldBroker, type TestClient } from "./session-harness.ts";

const identities = new ClientIdentities();

function identityOf(presence: string[], userId = "alice"): Identity {
  const fanfare = { subscribe: ["*"], presence };
  return identities.identify({ userId, tokenId: null, issuedAtMs: null, expiresAtMs: 1e15, fanfare });
}

/** Topics that begin with `room` tell of their members to who may see them. */
function start(broker?: HeldBroker) {
  const tellsMembership = (topic: string) => topic.startsWith("room");
  const seesMembers = (identity: Identity, topic: string) =>
    tellsMembership(topic) && accessByGrants(identity, "presence", topic) === null;
  const underTest = createSessions({
    hub: { tellsMembership },
    authentication: { access: accessByGrants, seesMembers },
    ...(broker === undefined ? {} : { wrap: broker.wrap(["follow"]) }),
  });
  let users = 0;
  /** A new user comes into a topic; who it is, and whether each of the clients was told. */
  const whoIsTold = (topic: string, clients: readonly TestClient[]): boolean[] => {
    const comer = identityOf([], `user-${++users}`);
    const connected = underTest.connect(`topics=${topic}`, comer);
    underTest.scheduler.advance(500);
    const told = clients.map((client) => client.take().some((frame) => frame.user_id === comer.userId));
    connected.link.end();
    underTest.scheduler.advance(500);
    for (const client of clients) client.take();
    return told;
  };
  return { ...underTest, whoIsTold };
}

test("who comes and goes is told to those alone who may see it, and to none of another topic", () => {
  const { connect, whoIsTold } = start();
  const seeing = connect("topics=room,hall", identityOf(["*"]));
  const other = connect("topics=room", identityOf(["room:1"]));
  const blind = connect("topics=room,room:1", identityOf([]));
  expect(whoIsTold("room", [seeing, other, blind])).toEqual([true, false, false]);
  expect(whoIsTold("hall", [seeing])).toEqual([false]);
  expect(other.ask({ type: "subscribe", id: 1, topic: "room:1" })).toHaveLength(1);
  expect(whoIsTold("room:1", [seeing, other, blind])).toEqual([false, true, false]);
  seeing.ask({ type: "unsubscribe", id: 1, topic: "room" });
  expect(whoIsTold("room", [seeing])).toEqual([false]);
});

test("a connection joins nothing more for topics that do not tell, or not to it", () => {
  const { connect, native } = start();
  const blind = connect("topics=room,hall", identityOf([]));
  const seeing = connect("topics=hall", identityOf(["*"]));
  const joined = ({ link }: TestClient) =>
    ["room", "hall"].filter((topic) => link.reads(`members/json/${topic}`));
  expect([joined(blind), joined(seeing)]).toEqual([[], []]);
  seeing.ask({ type: "subscribe", id: 1, topic: "room" });
  expect(joined(seeing)).toEqual(["room"]);
  expect([...native.socketsOf("members/json/room")]).toEqual([seeing.link.socket]);
});

test("a newer token that grants it, or does not any more, counts from that moment on", () => {
  const { connect, whoIsTold } = start();
  const client = connect("topics=room", identityOf([]));
  client.session.replaceIdentity(identityOf(["room"]));
  expect(whoIsTold("room", [client])).toEqual([true]);
  client.session.replaceIdentity(identityOf([]));
  expect(whoIsTold("room", [client])).toEqual([false]);
  expect(client.ask({ type: "publish", topic: "room", message: "m", id: 1 })).toHaveLength(1);
});

test("a topic that the server put it into is told of by its own right", () => {
  const { connect, whoIsTold } = start();
  const [blind, seeing] = [connect("topics=", identityOf([])), connect("topics=", identityOf(["room"]))];
  for (const { session } of [blind, seeing]) session.addTopic("room");
  expect(whoIsTold("room", [blind, seeing])).toEqual([false, true]);
  seeing.session.removeTopic("room");
  expect(whoIsTold("room", [seeing])).toEqual([false]);
});

test("while a topic waits for the broker, a newer token joins nothing ahead of it", async () => {
  const broker = new HeldBroker();
  const { connect } = start(broker);
  const client = connect("topics=", identityOf([]));
  await broker.release();
  expect(client.take()).toMatchObject([{ type: "welcome" }]);
  client.send({ type: "subscribe", id: 1, topic: "room" });
  client.session.replaceIdentity(identityOf(["room"]));
  expect(client.link.reads("members/json/room")).toBe(false);
  await broker.release();
  expect(client.take()).toMatchObject([{ type: "subscribed", id: 1 }]);
  expect(client.link.reads("members/json/room")).toBe(true);
});
