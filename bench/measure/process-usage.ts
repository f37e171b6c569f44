import { readdirSync, readFileSync } from "node:fs";

const nanosecondsPerSecond = 1e9;
/** USER_HZ, which Linux has fixed at 100 for what it tells user space. */
const clockTicksPerSecond = 100;

/**
 * Seconds of processor time (user and system) that a process has used, over all its threads. Where the kernel
 * keeps scheduling statistics they are exact to the nanosecond; otherwise to its clock tick of 10 ms.
 */
export const cpuSeconds = (pid: number): number => scheduledSeconds(pid) ?? tickSeconds(pid);

const scheduledSeconds = (pid: number): number | null => {
  try {
    let nanoseconds = 0;
    for (const thread of readdirSync(`/proc/${pid}/task`)) {
      nanoseconds += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8").split(" ")[0]);
    }
    return nanoseconds / nanosecondsPerSecond;
  } catch {
    return null;
  }
};

const tickSeconds = (pid: number): number => {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  // The second field is the name in parentheses and may hold blanks; utime and stime are fields 14 and 15.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / clockTicksPerSecond;
};

/** Bytes of physical memory that a process occupies. */
export const residentBytes = (pid: number): number => {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
  const kibibytes = /^Rss:\s+(\d+) kB$/m.exec(rollup)?.[1];
  return Number(kibibytes) * 1024;
};
