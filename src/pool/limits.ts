/**
 * What servers were found to allow, by key, beyond the life of a connection: a limit is met once
 * and not anew by each connection. It is forgotten after a while, for the server may be configured
 * anew.
 */
import { Memory } from '../base/memory.ts';
import type { Clock } from '../base/time.ts';

export interface Limits {
  /** Sessions at a time on one connection, the spare included. */
  readonly maxChannels: number;
  /** It closes a session that waits for its command. */
  readonly spareless: boolean;
}

const UNLIMITED: Limits = { maxChannels: Infinity, spareless: false };

const REMEMBERED_MS = 10 * 60_000;
const MAX_KEYS = 256;

export class KnownLimits {
  readonly #byKey: Memory<Limits>;

  constructor(clock: Clock) {
    this.#byKey = new Memory(clock, { lifeMs: REMEMBERED_MS, max: MAX_KEYS });
  }

  of(key: string): Limits {
    return this.#byKey.get(key) ?? UNLIMITED;
  }

  /** Adds to what is known. A limit is only lowered: connections differ in what they came upon. */
  learn(key: string, found: Partial<Limits>): void {
    const known = this.of(key);
    this.#byKey.set(key, {
      maxChannels: Math.min(known.maxChannels, found.maxChannels ?? Infinity),
      spareless: known.spareless || (found.spareless ?? false),
    });
  }
}
