type Handler = (payload: never) => void;

/** A typed event emitter: `Events` maps each event's name to its payload. */
export class Emitter<Events extends object> {
  // Copied on every change, so that an emit under way is not disturbed by handlers that come or go.
  readonly #handlers = new Map<keyof Events, readonly { readonly handler: Handler }[]>();
  readonly #onHandlerError: (error: unknown) => void;

  /** What a handler throws goes to `onHandlerError`; the other handlers are called all the same. */
  constructor(onHandlerError: (error: unknown) => void) {
    this.#onHandlerError = onHandlerError;
  }

  /** Returns the function that removes the handler again. */
  on<Name extends keyof Events>(name: Name, handler: (payload: Events[Name]) => void): () => void {
    const entry = { handler };
    this.#handlers.set(name, [...(this.#handlers.get(name) ?? []), entry]);
    return () => {
      const left = (this.#handlers.get(name) ?? []).filter((other) => other !== entry);
      if (left.length > 0) this.#handlers.set(name, left);
      else this.#handlers.delete(name);
    };
  }

  emit<Name extends keyof Events>(name: Name, payload: Events[Name]): void {
    for (const { handler } of this.#handlers.get(name) ?? []) {
      try {
        (handler as (payload: Events[Name]) => void)(payload);
      } catch (error) {
        this.#onHandlerError(error);
      }
    }
  }

  has(name: keyof Events): boolean {
    return this.#handlers.has(name);
  }
}
