const clock = new Intl.DateTimeFormat(undefined, { hour: "numeric", minute: "2-digit" });
const clockWithSeconds = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });
const dayOfYear = new Intl.DateTimeFormat("en-GB", { weekday: "long", day: "numeric", month: "long" });
const dayWithYear = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "long", year: "numeric" });
const fullMoment = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "medium" });

/** Hours and minutes, as the reader's locale writes them. */
export function clockTime(ts: number): string {
  return clock.format(ts);
}

export function clockTimeWithSeconds(ts: number): string {
  return clockWithSeconds.format(ts);
}

export function fullTime(ts: number): string {
  return fullMoment.format(ts);
}

/** The local calendar day as a comparable word, such as `2025-11-21`. */
export function dayOf(ts: number): string {
  const date = new Date(ts);
  const month = String(date.getMonth() + 1).padStart(2, "0");
  return `${date.getFullYear()}-${month}-${String(date.getDate()).padStart(2, "0")}`;
}

/** What a day separator says, seen from `now`. */
export function dayLabel(ts: number, now: number): string {
  const day = dayOf(ts);
  if (day === dayOf(now)) return "Today";
  const yesterday = new Date(now);
  yesterday.setDate(yesterday.getDate() - 1);
  if (day === dayOf(yesterday.getTime())) return "Yesterday";
  const sameYear = new Date(ts).getFullYear() === new Date(now).getFullYear();
  return (sameYear ? dayOfYear : dayWithYear).format(ts);
}
