/**
 * What callers have begun and not completed: a hello that is due, frames of which a part has come. It
 * is bounded in time for each of them, until it has made its call, and in memory for all together.
 */
import type { Clock } from '../base/time.ts';

/** How long a caller may take for its hello, and then for each frame up to its call. */
const HELLO_MS = 5000;
const FRAME_MS = 10_000;
/** As many bytes of unfinished frames are kept, of all callers together; they take up to twice that. */
const MAX_BYTES = 8 * 1024 * 1024;
const LOOK_MS = 1000;

export interface Sender {
  /** Ends its connection; `reason` is for the log. */
  drop(reason: string): void;
}

interface Begun {
  readonly bytes: number;
  /** Monotonic, in milliseconds; Infinity where it may take as long as it likes. */
  readonly dueAt: number;
}

export class Unfinished {
  readonly #clock: Clock;
  /** Those that have sent nothing for the longest come first. */
  readonly #begun = new Map<Sender, Begun>();
  #bytes = 0;
  #looks = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A caller has connected: its hello is due. */
  connected(sender: Sender): void {
    this.#begun.set(sender, { bytes: 0, dueAt: this.#clock.monotonic() + HELLO_MS });
    this.#look();
  }

  /**
   * Something has come from a caller, of which so many bytes belong to an unfinished frame; `timed`
   * where that frame must come to its end in time.
   */
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

  /** A caller owes nothing, or has gone. */
  forget(sender: Sender): void {
    this.#bytes -= this.#begun.get(sender)?.bytes ?? 0;
    this.#begun.delete(sender);
  }

  /** A caller that goes on sending is the last to be dropped. */
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
      // After a stop of this process what has come meanwhile is read first.
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
