/** What a node says of itself at most, in characters of JSON. */
const factsMax = 4096;

const nodeIdPattern = /^[A-Za-z0-9_-]{12}$/;
const stampPattern = /^[0-9]{1,16}$/;

export function isNodeId(text: string): boolean {
  return nodeIdPattern.test(text);
}

/** Facts that are too many are left out: a node is there whatever it says of itself. */
export function encodeFacts(facts: object): string {
  const text = JSON.stringify(facts);
  return text.length <= factsMax ? text : "{}";
}

/** A node as it last said that it is there. */
export interface NodeEntry {
  /** When that was, by Redis' clock; as it is written there. */
  readonly stamp: string;
  /** What it said, as text: most beats say what the one before did. */
  readonly text: string;
  /** An object; null: it cannot be read. */
  readonly facts: object | null;
}

/** Reads `<stamp> <facts>`; null: it is none of ours. `before` is what the node said before. */
export function decodeNodeEntry(said: unknown, before?: NodeEntry): NodeEntry | null {
  if (typeof said !== "string") return null;
  const end = said.indexOf(" ");
  const stamp = said.slice(0, Math.max(end, 0));
  if (!stampPattern.test(stamp)) return null;
  const text = said.length - end - 1 <= factsMax ? said.slice(end + 1) : "";
  const facts = before !== undefined && before.text === text ? before.facts : parseObject(text);
  return { stamp, text, facts };
}

function parseObject(text: string): object | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value : null;
  } catch {
    return null;
  }
}
