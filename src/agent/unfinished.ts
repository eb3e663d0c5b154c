/** Limits for unfinished input: time for each caller until it has made its call, memory for all together. */
import type { Clock } from '../base/time.ts';

/** Time limit for the hello, and then for each frame until the call is made. */
const HELLO_MS = 5000;
const FRAME_MS = 10_000;
/** For the unfinished frames of all callers together; they may take up to twice that memory. */
const MAX_BYTES = 8 * 1024 * 1024;
const LOOK_MS = 1000;

export interface Sender {
  /** Closes its connection; `reason` is for the log. */
  drop(reason: string): void;
}

interface Begun {
  readonly bytes: number;
  /** Monotonic time in milliseconds; Infinity for no limit. */
  readonly dueAt: number;
}

export class Unfinished {
  readonly #clock: Clock;
  /** In the order of the last data received, the oldest first. */
  readonly #begun = new Map<Sender, Begun>();
  #bytes = 0;
  #looks = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  connected(sender: Sender): void {
    this.#begun.set(sender, { bytes: 0, dueAt: this.#clock.monotonic() + HELLO_MS });
    this.#look();
  }

  /** `bytes` belong to an unfinished frame. `timed`: it must be completed in time. */
  received(sender: Sender, bytes: number, timed: boolean): void {
    const before = this.#begun.get(sender);
    if (bytes === 0) return this.forget(sender);
    const dueAt = before?.dueAt ?? this.#clock.monotonic() + FRAME_MS;
    this.forget(sender);
    this.#begun.set(sender, { bytes, dueAt: timed ? dueAt : Infinity });
    this.#bytes += bytes;
    this.#makeRoom();
    this.#look();
  }

  forget(sender: Sender): void {
    this.#bytes -= this.#begun.get(sender)?.bytes ?? 0;
    this.#begun.delete(sender);
  }

  /** Drops first the callers that have been silent for the longest. */
  #makeRoom(): void {
    for (const [sender, { bytes }] of this.#begun) {
      if (this.#bytes <= MAX_BYTES) return;
      if (bytes > 0) this.#drop(sender, 'too much waits for the end of its frame');
    }
  }

  #look(): void {
    if (this.#looks) return;
    this.#looks = true;
    this.#clock.after(LOOK_MS, () => {
      // After a stop of this process, first reads the data that arrived meanwhile.
      setImmediate(() => {
        this.#looks = false;
        this.#dropLate();
        if (this.#begun.size > 0) this.#look();
      });
    });
  }

  #dropLate(): void {
    const now = this.#clock.monotonic();
    for (const [sender, { bytes, dueAt }] of this.#begun) {
      if (now >= dueAt)
        this.#drop(sender, `no ${bytes === 0 ? 'hello' : 'end of a frame'} in time`);
    }
  }

  #drop(sender: Sender, reason: string): void {
    this.forget(sender);
    sender.drop(reason);
  }
}
