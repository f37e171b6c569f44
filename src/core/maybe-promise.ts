/**
 * A value now or later. The path of a message must not wait where the broker does not, so brokers answer
 * in place when they can and callers check before they await.
 */
export type MaybePromise<T> = T | Promise<T>;
