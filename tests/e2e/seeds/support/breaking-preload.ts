/**
 * Loaded before the server, so that it fails in ways that it should not: `GET /status` throws once the process
 * was sent SIGUSR1, and nobody catches what happens at SIGUSR2.
 */
process.on("SIGUSR1", () => {
  process.cpuUsage = () => {
    throw new Error("broken on purpose");
  };
});

process.on("SIGUSR2", () => {
  setTimeout(() => {
    throw new TypeError("nobody catches this");
  }, 0);
});
