/** Started by signals.test.ts; its argument says what it does while signals come. */
import { writeSync } from "node:fs";

const mode = process.argv[2];
let calls = 0;

const onSignal = (signal: NodeJS.Signals): void => {
  calls++;
  writeSync(1, `${signal} ${calls}\n`);
  if (mode === "busy" || calls === 3) process.exit(7);
};

process.on("SIGTERM", onSignal);
process.on("SIGINT", onSignal);
setInterval(() => {}, 60_000);
if (mode === "reject") void Promise.reject(new Error("nobody handles this"));
writeSync(1, "ready\n");
if (mode === "busy") {
  Bun.sleepSync(200);
  writeSync(1, "busy end\n");
}
