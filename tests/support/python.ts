/** A Python that has the `websockets` library: the first one on PATH, or the system's own. */
export function findPython(): string {
  const candidates = [Bun.which("python3"), "/usr/bin/python3"].filter((path) => path !== null);
  const python = candidates.find(
    (path) => Bun.spawnSync([path, "-c", "import websockets"], { stderr: "ignore" }).success,
  );
  if (python === undefined) {
    throw new Error("no python3 has the websockets library. Install: apt-get install python3-websockets");
  }
  return python;
}
