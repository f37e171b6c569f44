import type { Incoming } from "./frames.ts";
import type { HistoryOptions, Position, TransportName } from "./types.ts";

/** One topic to be subscribed, resumed from `since` unless it is null. */
export interface TopicRequest {
  readonly topic: string;
  readonly since: Position | null;
}

/** What the queue sends; answered by a frame with the same id. */
export type Command =
  | {
      readonly type: "publish";
      readonly topic: string;
      readonly key: string | undefined;
      /**
       * Everything but type and id as a JSON object, encoded when `publish` was called: what is sent again is what
       * was sent before, whatever the application does to its data meanwhile.
       */
      readonly json: string;
    }
  | ({ readonly type: "history"; readonly topic: string } & HistoryOptions)
  | { readonly type: "presence"; readonly topic: string }
  | { readonly type: "status" }
  | { readonly type: "ping" };

/** Why a connection has ended. */
export interface Closure {
  readonly code: number;
  readonly reason: string;
  /** The server asked for this much patience, in ms; 0 when it said nothing. */
  readonly retryAfterMs: number;
}

/** The id of the `error` frame that refuses a newer token. */
export const REFRESH_ID = "refresh";

export interface TransportEvents {
  /** The network let it through. What is connected is said later, by `welcome`. */
  opened(): void;
  incoming(incoming: Incoming): void;
  /** At most once, and not after `close()`. */
  closed(closure: Closure): void;
}

/**
 * One connection, from open to close; a new one is made for every attempt. Both transports speak in the frames of
 * the WebSocket, so that everything above them is the same for both.
 */
export interface Transport {
  readonly name: TransportName;
  /** May throw, where the platform refuses the address or the kind of connection. */
  open(): void;
  /** Answered by one `subscribed` or `error` frame for each topic. */
  subscribe(requests: readonly TopicRequest[]): void;
  unsubscribe(topic: string): void;
  send(id: number, command: Command): void;
  /** Throws a FanfareError `unsupported` where there is no way to respond. */
  respond(correlationId: string, data: unknown, final: boolean): void;
  /** Puts a newer token in the place of the connection's; answered by a `refreshed` or an `error` frame. */
  refresh(token: string): void;
  /** Finds out whether the connection is still alive; if not, it is closed. */
  probe(): void;
  close(): void;
}
