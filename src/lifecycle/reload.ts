/** Set for the process that `--watch` restarts, so that it does not start one of its own. */
const childVariable = "FANFARE_RELOAD_CHILD";

/**
 * Runs this program under Bun's `--watch`, which restarts it when a source file changes. False: this process
 * is already the one that is restarted, or is compiled and has no source files.
 */
export function reloadOnChange(): boolean {
  if (Bun.isStandaloneExecutable || process.env[childVariable] !== undefined) return false;
  const child = Bun.spawn([process.execPath, "--watch", "--no-clear-screen", ...process.argv.slice(1)], {
    env: { ...process.env, [childVariable]: "1" },
    stdio: ["inherit", "inherit", "inherit"],
  });
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.on(signal, () => child.kill(signal));
  void child.exited.then((code) => process.exit(code));
  return true;
}
