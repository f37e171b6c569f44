import { describe, expect, test } from "bun:test";
import { type NetworkRange, parseRange } from "../../../src/core/network-address.ts";
import { clientOf } from "../../../src/limits/client-address.ts";

const ranges = (...texts: string[]) => texts.map((text) => parseRange(text)) as NetworkRange[];
const trusted = ranges("10.0.0.0/8", "2001:db8:ffff::/48");

describe("without trusted proxies", () => {
  test("the peer counts, whatever it says of others", () => {
    expect(clientOf("192.0.2.1", "198.51.100.7", [])).toBe("192.0.2.1");
    expect(clientOf("192.0.2.1", "198.51.100.7", trusted)).toBe("192.0.2.1");
  });

  test("an IPv4 address is the same within IPv6", () => {
    expect(clientOf("::ffff:192.0.2.1", null, [])).toBe("192.0.2.1");
  });

  test("all addresses of an IPv6 network of 64 bits are one client", () => {
    const first = clientOf("2001:db8:1:2::1", null, []);
    expect(first).toBe("2001:db8:1:2::/64");
    expect(clientOf("2001:db8:1:2:ffff:ffff:ffff:ffff", null, [])).toBe(first);
    expect(clientOf("2001:db8:1:3::1", null, [])).not.toBe(first);
  });

  test("a peer without an address is nobody", () => {
    expect(clientOf(undefined, "198.51.100.7", trusted)).toBeNull();
    expect(clientOf("", null, [])).toBeNull();
  });
});

describe("behind trusted proxies", () => {
  const cases: [peer: string, forwardedFor: string | null, client: string, why: string][] = [
    ["10.0.0.1", null, "10.0.0.1", "a proxy that says nothing is the client"],
    ["10.0.0.1", "198.51.100.7", "198.51.100.7", "it says who"],
    ["::ffff:10.0.0.1", "198.51.100.7", "198.51.100.7", "also within IPv6"],
    ["10.0.0.1", "1.1.1.1, 198.51.100.7", "198.51.100.7", "what stands left was made up by the client"],
    ["10.0.0.1", "1.1.1.1,198.51.100.7, 10.9.9.9", "198.51.100.7", "proxies one behind the other"],
    ["10.0.0.1", "10.0.0.2, 10.0.0.3", "10.0.0.2", "all of them are proxies: the farthest"],
    ["10.0.0.1", "198.51.100.7:4711", "198.51.100.7", "with a port"],
    ["10.0.0.1", "[2001:db8:1:2::9]:4711", "2001:db8:1:2::/64", "with a port and brackets"],
    ["10.0.0.1", "2001:db8:1:2::9", "2001:db8:1:2::/64", "IPv6"],
    ["2001:db8:ffff::1", "198.51.100.7", "198.51.100.7", "a proxy of IPv6"],
    ["10.0.0.1", "198.51.100.7, unknown", "10.0.0.1", "no address: counted for who passed it on"],
    ["10.0.0.1", "198.51.100.7, nonsense, 10.0.0.4", "10.0.0.4", "no address in the midst"],
    ["10.0.0.1", "", "10.0.0.1", "empty"],
    ["10.0.0.1", ",,,", "10.0.0.1", "commas"],
    ["10.0.0.1", `${"1.1.1.1,".repeat(2000)}198.51.100.7`, "198.51.100.7", "a long story"],
  ];
  for (const [peer, forwardedFor, client, why] of cases) {
    test(why, () => {
      expect(clientOf(peer, forwardedFor, trusted)).toBe(client);
    });
  }

  test("endless proxies are not followed", () => {
    expect(clientOf("10.0.0.1", `198.51.100.7,${"10.0.0.2,".repeat(5000)}10.0.0.3`, trusted)).toBe(
      "10.0.0.2",
    );
  });
});
