import type { Socket } from "bun";

/** What is done to the bytes of one direction. */
export interface Treatment {
  /** Nothing passes; what arrives is kept until it may, as TCP's own retransmission would. */
  readonly isBlocked: boolean;
  readonly delayMs: number;
  /** Bytes of a write, one write in each turn of the event loop; 0: as they came. */
  readonly sliceBytes: number;
}

interface Parcel {
  /** Null: the end of the stream. */
  bytes: Uint8Array | null;
  readonly dueMs: number;
}

/** One direction of one connection: what is read on one side waits here until it may be written on the other. */
export class Pipe {
  readonly #treatment: () => Treatment;
  readonly #parcels: Parcel[] = [];
  #target: Socket<unknown> | null = null;
  #isScheduled = false;

  constructor(treatment: () => Treatment) {
    this.#treatment = treatment;
  }

  /** From now on there is somebody to write to. */
  attach(target: Socket<unknown>): void {
    this.#target = target;
    this.flush();
  }

  push(bytes: Uint8Array): void {
    this.#enqueue(new Uint8Array(bytes));
  }

  /** Ends the other side, after everything that was read before. */
  end(): void {
    this.#enqueue(null);
  }

  /** Writes what may be written now. To be called when the socket takes more, and when the treatment changes. */
  flush(): void {
    if (this.#isScheduled) return;
    for (;;) {
      const parcel = this.#parcels[0];
      const { isBlocked, sliceBytes } = this.#treatment();
      if (parcel === undefined || this.#target === null || isBlocked) return;
      const waitMs = parcel.dueMs - performance.now();
      if (waitMs > 0) {
        this.#schedule((run) => setTimeout(run, waitMs));
        return;
      }
      if (!this.#write(this.#target, parcel, sliceBytes)) return;
      if (sliceBytes > 0 && this.#parcels.length > 0) {
        this.#schedule(setImmediate);
        return;
      }
    }
  }

  #enqueue(bytes: Uint8Array | null): void {
    this.#parcels.push({ bytes, dueMs: performance.now() + this.#treatment().delayMs });
    this.flush();
  }

  /** @returns false: the socket is full, and says when it is not. */
  #write(target: Socket<unknown>, parcel: Parcel, sliceBytes: number): boolean {
    const { bytes } = parcel;
    if (bytes === null) {
      this.#parcels.shift();
      target.end();
      return true;
    }
    const piece = sliceBytes > 0 ? bytes.subarray(0, sliceBytes) : bytes;
    const written = Math.max(target.write(piece), 0);
    if (written === bytes.length) this.#parcels.shift();
    else parcel.bytes = bytes.subarray(written);
    return written === piece.length;
  }

  #schedule(when: (run: () => void) => unknown): void {
    this.#isScheduled = true;
    when(() => {
      this.#isScheduled = false;
      this.flush();
    });
  }
}
