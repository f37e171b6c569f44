import type { Failure } from "../core/failure.ts";
import type { Timer } from "../core/ports.ts";
import type { Position } from "../core/position.ts";
import type { OnJoined, Subscriber } from "./ports.ts";

/** Who wants to come in, and from where. */
export interface Entrant {
  readonly subscriber: Subscriber;
  readonly since: Position | undefined;
  readonly joined: OnJoined;
  /** Bytes that it may be replayed. */
  readonly replayBytesMax: number;
}

/** An entrant whose answer has to wait: for the broker, or until the fan-out has reached its position. */
export class Waiter {
  readonly entrant: Entrant;
  /** Called once: null when it was let in, or why it was not. */
  readonly settle: (failure: Failure | null) => void;
  /** The subscriber was told that it can be let in, and has yet to say when. */
  isAsked = false;
  /** Set while it waits for what may be on its way to this node. */
  patience: Timer | null = null;
  /** It waited long enough: its position is none that this topic has. */
  gaveUp = false;

  constructor(entrant: Entrant, settle: (failure: Failure | null) => void) {
    this.entrant = entrant;
    this.settle = settle;
  }
}
