import { describe, expect, test } from "bun:test";
import { customerOf, isInRange, parseAddress, parseRange } from "../../../src/core/network-address.ts";

describe("addresses", () => {
  const same: [string, string][] = [
    ["2001:db8::1", "2001:0db8:0:0:0:0:0:1"],
    ["::", "0:0:0:0:0:0:0:0"],
    ["::1", "0:0:0:0:0:0:0:1"],
    ["1::", "1:0:0:0:0:0:0:0"],
    ["fe80::1%eth0", "fe80::1"],
    ["::FFFF:192.0.2.1", "192.0.2.1"],
    ["::ffff:c000:201", "192.0.2.1"],
    ["2001:DB8::A", "2001:db8::a"],
  ];
  for (const [one, other] of same) {
    test(`${one} is ${other}`, () => {
      expect(parseAddress(one)).not.toBeNull();
      expect(parseAddress(one)).toEqual(parseAddress(other));
    });
  }

  const wrong = [
    ...["", "localhost", "1.2.3", "1.2.3.4.5", "1.2.3.256", "01.2.3.4", "1.2.3.4 ", "-1.2.3.4", "1.2.3.4:80"],
    ...["1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1::2::3", "12345::", ":1", "1:", ":::", "g::", "1.2.3.4::"],
    ...["1:2:3:4:5:6:7::8:9", "::1.2.3.256", "[::1]", "1:2:3:4:5:6:7:8::"],
  ];
  for (const text of wrong) {
    test(`"${text}" is none`, () => {
      expect(parseAddress(text)).toBeNull();
    });
  }
});

describe("ranges", () => {
  const inside: [string, string, boolean][] = [
    ["10.0.0.0/8", "10.255.1.2", true],
    ["10.0.0.0/8", "11.0.0.0", false],
    ["192.0.2.128/25", "192.0.2.200", true],
    ["192.0.2.128/25", "192.0.2.127", false],
    ["192.0.2.1", "192.0.2.1", true],
    ["192.0.2.1", "192.0.2.2", false],
    ["0.0.0.0/0", "203.0.113.9", true],
    ["0.0.0.0/0", "2001:db8::1", false],
    ["::/0", "2001:db8::1", true],
    ["::/0", "192.0.2.1", false],
    ["2001:db8::/33", "2001:db8:7fff::1", true],
    ["2001:db8::/33", "2001:db8:8000::1", false],
    ["::ffff:10.0.0.0/104", "10.1.2.3", true],
  ];
  for (const [range, address, expected] of inside) {
    test(`${address} is ${expected ? "" : "not "}in ${range}`, () => {
      expect(isInRange(parseAddress(address)!, parseRange(range)!)).toBe(expected);
    });
  }

  for (const text of [
    "10.0.0.0/33",
    "::/129",
    "10.0.0.0/",
    "10.0.0.0/8/8",
    "10.0.0.0/-1",
    "/8",
    "::ffff:10.0.0.0/8",
  ]) {
    test(`"${text}" is none`, () => {
      expect(parseRange(text)).toBeNull();
    });
  }
});

test("a customer of a network is one address of IPv4, or 64 bits of IPv6", () => {
  expect(customerOf(parseAddress("192.0.2.1")!)).toBe("192.0.2.1");
  expect(customerOf(parseAddress("2001:db8:1:2:3:4:5:6")!)).toBe("2001:db8:1:2::/64");
});
