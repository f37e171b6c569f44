/** Waits until something holds; fails when it does not in time. */
export async function until(
  holds: () => boolean | Promise<boolean>,
  patienceMs = 5000,
  what = "the condition",
): Promise<void> {
  const deadline = performance.now() + patienceMs;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`${what} did not hold within ${patienceMs} ms`);
    await Bun.sleep(5);
  }
}
