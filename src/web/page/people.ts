/** How many `tint-<n>` classes the style sheet has. */
export const tintCount = 8;

const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/** One or two capital letters for an avatar; `?` for a name without any. */
export function initials(name: string): string {
  const words = name.split(/[\s._@|~:=-]+/).filter((word) => word !== "");
  const letters = words.slice(0, 2).map(firstGrapheme);
  return letters.join("").toLocaleUpperCase() || "?";
}

function firstGrapheme(word: string): string {
  const [first] = graphemes.segment(word);
  return first?.segment ?? "";
}

/** The colour of a name: the same one in every window. FNV-1a, since names differ mostly in their endings. */
export function tintOf(name: string): number {
  let state = 0x811c9dc5;
  for (let index = 0; index < name.length; index += 1) {
    state = Math.imul(state ^ name.charCodeAt(index), 0x01000193);
  }
  state ^= state >>> 16;
  return (state >>> 0) % tintCount;
}
