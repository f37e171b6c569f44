/** The Fanfare SDK: for browsers, Bun and Node, without dependencies. */
export type { Random } from "./backoff.ts";
export {
  type ClientEvents,
  FanfareClient,
  type IncomingRequest,
  type SubscribeOptions,
} from "./client.ts";
export type { Clock, TimerHandle } from "./clock.ts";
export { CLOSE_ACTIONS, type CloseAction } from "./close-codes.ts";
export type { Disconnection } from "./connection.ts";
export { type ClientErrorCode, type ErrorCode, FanfareError, type ServerErrorCode } from "./errors.ts";
export type { FanfareOptions, Token } from "./options.ts";
export type { Fetch, WebSocketConstructor, WebSocketLike } from "./platform.ts";
export type {
  Break,
  Subscription,
  SubscriptionEvents,
  SubscriptionState,
  Unsubscribed,
} from "./subscription.ts";
export type {
  ConnectionState,
  HistoryOptions,
  HistoryPage,
  Membership,
  Position,
  Presence,
  Publication,
  PublishOptions,
  PublishResult,
  RequestFrame,
  ShutdownNotice,
  Status,
  TopicPosition,
  TransportName,
  Welcome,
} from "./types.ts";
