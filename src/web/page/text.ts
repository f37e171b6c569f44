/** A run of text, or an address in it that is safe to link to. */
export type Segment = { readonly text: string; readonly href?: string };

const addressExpression = /https?:\/\/[^\s<>"'`{}|\\^]+/gi;
const trailingPunctuation = /[.,;:!?…)\]]+$/;

/**
 * Splits text into plain runs and http(s) addresses. Punctuation that ends a sentence stays outside the
 * address, except a closing bracket whose partner is inside it.
 */
export function linkSegments(text: string): Segment[] {
  const segments: Segment[] = [];
  let end = 0;
  for (const match of text.matchAll(addressExpression)) {
    const address = trimAddress(match[0]);
    const href = safeAddress(address);
    if (href === null) continue;
    if (match.index > end) segments.push({ text: text.slice(end, match.index) });
    segments.push({ text: address, href });
    end = match.index + address.length;
  }
  if (end < text.length) segments.push({ text: text.slice(end) });
  return segments;
}

function trimAddress(address: string): string {
  const tail = trailingPunctuation.exec(address)?.[0] ?? "";
  let trimmed = address.slice(0, address.length - tail.length);
  for (const character of tail) {
    const closes = character === ")" ? "(" : character === "]" ? "[" : null;
    if (closes === null || count(trimmed, closes) <= count(trimmed, character)) break;
    trimmed += character;
  }
  return trimmed;
}

function count(text: string, character: string): number {
  return text.split(character).length - 1;
}

function safeAddress(address: string): string | null {
  if (!URL.canParse(address)) return null;
  const url = new URL(address);
  const hidesItsHost = url.username !== "" || url.password !== "";
  return hidesItsHost ? null : url.href;
}

const oneLineCharacters = 60;

/** JSON laid out for reading: on one line if it is short, cut to `limitCharacters` if it is long. */
export function formatData(data: unknown, limitCharacters = 2000): string {
  const text = JSON.stringify(data, null, 2) ?? "";
  // Line breaks within strings are escaped: these are the layout's.
  const oneLine = text.replace(/\n\s*/g, " ");
  if (oneLine.length <= oneLineCharacters) return oneLine;
  return text.length > limitCharacters ? `${text.slice(0, limitCharacters)}\n…` : text;
}
