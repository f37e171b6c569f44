/** An IP address: 4 bytes, or 16; an IPv4 address within IPv6 (`::ffff:192.0.2.1`) is the 4 bytes. */
export type NetworkAddress = readonly number[];

/** A range of addresses, as `10.0.0.0/8`. */
export interface NetworkRange {
  readonly address: NetworkAddress;
  readonly bits: number;
}

const ipv4Bytes = 4;
const ipv6Bytes = 16;
const ipv6Groups = 8;
const mappedBits = 96;
const mappedPrefix = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];

/** Reads an address, with or without a zone (`%eth0`). Null where it is none. */
export function parseAddress(text: string): NetworkAddress | null {
  const zone = text.indexOf("%");
  const bare = zone < 0 ? text : text.slice(0, zone);
  if (!bare.includes(":")) return parseIpv4(bare);
  const bytes = parseIpv6(bare);
  return bytes !== null && isMapped(bytes) ? bytes.slice(mappedPrefix.length) : bytes;
}

/** Reads a range; an address alone is the range of itself. Null where it is none. */
export function parseRange(text: string): NetworkRange | null {
  const [host = "", width, ...rest] = text.split("/");
  const address = parseAddress(host);
  if (address === null || rest.length > 0) return null;
  const bitsMax = address.length * 8;
  if (width === undefined) return { address, bits: bitsMax };
  if (!/^\d{1,3}$/.test(width)) return null;
  const bits = Number(width) - (address.length === ipv4Bytes && host.includes(":") ? mappedBits : 0);
  return bits < 0 || bits > bitsMax ? null : { address, bits };
}

export function isInRange(address: NetworkAddress, range: NetworkRange): boolean {
  if (address.length !== range.address.length) return false;
  const whole = range.bits >> 3;
  for (let index = 0; index < whole; index++) {
    if (address[index] !== range.address[index]) return false;
  }
  const rest = range.bits & 7;
  return rest === 0 || ((address[whole]! ^ range.address[whole]!) & (0xff00 >> rest) & 0xff) === 0;
}

/** One name for all addresses that one customer of a network has: an IPv4 address, or an IPv6 network of 64 bits. */
export function customerOf(address: NetworkAddress): string {
  if (address.length === ipv4Bytes) return address.join(".");
  const groups: string[] = [];
  for (let index = 0; index < ipv6Groups; index += 2) {
    groups.push(((address[index]! << 8) | address[index + 1]!).toString(16));
  }
  return `${groups.join(":")}::/64`;
}

function parseIpv4(text: string): number[] | null {
  const parts = text.split(".");
  // A leading zero would be octal to some and decimal to others.
  if (parts.length !== ipv4Bytes || !parts.every((part) => /^(?:0|[1-9]\d{0,2})$/.test(part))) return null;
  const bytes = parts.map(Number);
  return bytes.every((byte) => byte <= 0xff) ? bytes : null;
}

function parseIpv6(text: string): number[] | null {
  const halves = text.split("::");
  if (halves.length > 2) return null;
  const [head, tail] = [parseGroups(halves[0]!, halves.length === 1), parseGroups(halves[1] ?? "", true)];
  if (head === null || tail === null) return null;
  const missing = ipv6Bytes - head.length - tail.length;
  // "::" stands for one group of zeros at least.
  if (halves.length === 1 ? missing !== 0 : missing < 2) return null;
  return [...head, ...new Array<number>(missing).fill(0), ...tail];
}

/** The bytes of `2001:db8`, or of `ffff:192.0.2.1` where it may end so. */
function parseGroups(text: string, mayEndInIpv4: boolean): number[] | null {
  if (text === "") return [];
  const bytes: number[] = [];
  const groups = text.split(":");
  for (const [index, group] of groups.entries()) {
    if (/^[0-9a-f]{1,4}$/i.test(group)) {
      const value = Number.parseInt(group, 16);
      bytes.push(value >> 8, value & 0xff);
      continue;
    }
    const ipv4 = mayEndInIpv4 && index === groups.length - 1 ? parseIpv4(group) : null;
    if (ipv4 === null) return null;
    bytes.push(...ipv4);
  }
  return bytes;
}

function isMapped(bytes: readonly number[]): boolean {
  return mappedPrefix.every((byte, index) => bytes[index] === byte);
}
