import type { Broker, TopicView } from "../../../../src/broker/port.ts";
import { Failure } from "../../../../src/core/failure.ts";
import type { FakePorts } from "../../../support/fake-ports.ts";

/**
 * A broker that takes a turn of the event loop before a topic is followed, as one across the network does. What
 * is unfollowed meanwhile is not followed any more.
 */
export function followLater(broker: Broker, { scheduler }: Pick<FakePorts, "scheduler">): Broker {
  const wanted = new Map<string, object>();
  const follow = (topic: string): Promise<TopicView | Failure> => {
    const asked = {};
    wanted.set(topic, asked);
    return new Promise((resolve) => {
      scheduler.nextTick(() => {
        if (wanted.get(topic) === asked) resolve(broker.follow(topic));
        else resolve(new Failure("conflict", "it was unfollowed"));
      });
    });
  };
  const unfollow = (topic: string): void => {
    wanted.delete(topic);
    broker.unfollow(topic);
  };
  return new Proxy(broker, {
    get(target, name) {
      if (name === "follow") return follow;
      if (name === "unfollow") return unfollow;
      const value: unknown = Reflect.get(target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

/** A memory broker whose topics cannot be followed. */
export function refuseToFollow(broker: Broker, later: boolean): Broker {
  const failure = new Failure("unavailable", "the broker is out of reach");
  return new Proxy(broker, {
    get(target, name) {
      if (name === "follow") return () => (later ? Promise.resolve(failure) : failure);
      const value: unknown = Reflect.get(target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}
