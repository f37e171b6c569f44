/** So many a second, and so many at once by those who were quiet before. */
export interface Rate {
  readonly perSecond: number;
  readonly burst: number;
}

/** The rate of a setting, where 0 is none; a burst is what comes together in `burstMs`, and one at least. */
export function rateOf(perSecond: number, burstMs: number): Rate | null {
  return perSecond === 0 ? null : { perSecond, burst: Math.max(1, (perSecond * burstMs) / 1000) };
}
