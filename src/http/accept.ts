/** One range of an `Accept` header, as `text/*;q=0.8`. */
interface MediaRange {
  readonly type: string;
  readonly subtype: string;
  readonly quality: number;
  readonly position: number;
}

interface Rank {
  readonly quality: number;
  /** 2: named itself; 1: by its type; 0: by anything. */
  readonly specificity: number;
  readonly position: number;
}

const unacceptable: Rank = { quality: 0, specificity: -1, position: 0 };

/**
 * Which of the candidates an `Accept` header ranks first: by quality, then by how exactly it is named, then by
 * place in the header. The first candidate where the header has no preference, or takes none of them.
 */
export function preferredType<Type extends string>(
  accept: string | null,
  candidates: readonly [Type, ...Type[]],
): Type {
  let best = candidates[0];
  if (accept === null) return best;
  const ranges = parseAccept(accept);
  let bestRank = unacceptable;
  for (const candidate of candidates) {
    const rank = rankOf(candidate, ranges);
    if (isBefore(rank, bestRank)) {
      best = candidate;
      bestRank = rank;
    }
  }
  return best;
}

function parseAccept(accept: string): MediaRange[] {
  const ranges: MediaRange[] = [];
  for (const [position, text] of accept.toLowerCase().split(",").entries()) {
    const [range = "", ...parameters] = text.split(";");
    const match = /^\s*([^\s/]+)\/([^\s/]+)\s*$/.exec(range);
    const quality = readQuality(parameters);
    if (match === null || quality === null) continue;
    ranges.push({ type: match[1]!, subtype: match[2]!, quality, position });
  }
  return ranges;
}

/** 1 unless a parameter says otherwise; null where it cannot be read. */
function readQuality(parameters: readonly string[]): number | null {
  for (const parameter of parameters) {
    const match = /^\s*q\s*=\s*(.*?)\s*$/.exec(parameter);
    if (match !== null) return /^(?:0(?:\.\d*)?|1(?:\.0*)?)$/.test(match[1]!) ? Number(match[1]) : null;
  }
  return 1;
}

/** The most specific range decides, so that `text/plain;q=0` rules it out although a wildcard follows. */
function rankOf(candidate: string, ranges: readonly MediaRange[]): Rank {
  const [type, subtype] = candidate.split("/");
  let rank = unacceptable;
  for (const range of ranges) {
    const specificity = specificityOf(range, type, subtype);
    if (specificity > rank.specificity) rank = { ...range, specificity };
  }
  return rank;
}

function specificityOf(range: MediaRange, type: string | undefined, subtype: string | undefined): number {
  if (range.type === type) {
    if (range.subtype === subtype) return 2;
    return range.subtype === "*" ? 1 : -1;
  }
  return range.type === "*" && range.subtype === "*" ? 0 : -1;
}

function isBefore(rank: Rank, other: Rank): boolean {
  if (rank.quality !== other.quality) return rank.quality > other.quality;
  if (rank.quality === 0) return false;
  if (rank.specificity !== other.specificity) return rank.specificity > other.specificity;
  return rank.position < other.position;
}
