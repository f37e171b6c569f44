import { isNodeId } from "./node-entry.ts";

const countPattern = /^[1-9][0-9]{0,8}$/;

/** Reads `<node>:<connections>,…`; leaves out what is none of ours. */
export function decodePresenceValue(value: unknown): [nodeId: string, connections: number][] {
  if (typeof value !== "string") return [];
  return value.split(",").flatMap((entry): [string, number][] => {
    const separator = entry.indexOf(":");
    const nodeId = entry.slice(0, Math.max(separator, 0));
    const count = entry.slice(separator + 1);
    return isNodeId(nodeId) && countPattern.test(count) ? [[nodeId, Number(count)]] : [];
  });
}
