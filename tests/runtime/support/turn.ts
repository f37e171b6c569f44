/** One setImmediate callback later. */
export const immediate = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** In a later turn of the event loop, once what was published in this one has been written. */
export const nextTurn = (): Promise<void> =>
  new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
