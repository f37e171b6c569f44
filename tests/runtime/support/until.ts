/** Waits until `condition` holds; throws with `what` after `timeoutMs`. */
export const until = async (what: string, condition: () => boolean, timeoutMs = 3000): Promise<void> => {
  const deadline = performance.now() + timeoutMs;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`waited ${timeoutMs} ms in vain: ${what}`);
    await Bun.sleep(2);
  }
};
