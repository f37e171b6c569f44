/** What the nodes of a cluster need of whatever connects them. */

/** Texts to other nodes. All nodes get the texts of one channel in the same order, the sender gets its own too. */
export interface BusConnection {
  readonly isUp: boolean;
  /** Calls back each time what all nodes share is reached, the first time too. */
  onUp(run: () => void): void;
  /** The clock that all nodes share, in Unix milliseconds. */
  now(): number;
  /** How many nodes it went to; rejects when that is not known. */
  publish(channel: string, message: string): Promise<number>;
  /** One command to what all nodes share. */
  command(key: string, ...args: readonly string[]): Promise<unknown>;
}

/** Texts from other nodes. What came while it was down is lost. */
export interface BusSubscriptions {
  readonly isUp: boolean;
  /** Resolves when it is subscribed, however long that takes. */
  subscribe(channel: string, listener: (message: string) => void): Promise<void>;
  /** Calls back when channels are subscribed again, after it was down. */
  onGap(run: (channels: Iterable<string>) => void): void;
}

export interface BusNames {
  /** Channel that all nodes read. */
  readonly allNodes: string;
  /** Channel that one node reads. */
  inbox(nodeId: string): string;
  /** Key that is there while a turn is taken. */
  turn(name: string): string;
  /** Key of the number of turns there were. */
  turns(name: string): string;
}

/** A node as it last said that it is there. */
export interface DirectoryEntry {
  readonly id: string;
  /** What it said of itself. */
  readonly facts: unknown;
}

/** Which nodes there are. One that has been silent for some time is lost. */
export interface NodeDirectory {
  /** All of them, this one too. */
  live(): readonly DirectoryEntry[];
  onLost(run: (nodeId: string) => void): void;
  /** Says at once that this node is there, and hears of the others. */
  beatNow(): Promise<unknown>;
}
