/** Starts key re-exchanges after an amount of data or time (ssh_config(5), RekeyLimit). */
import { LONGEST_MS, type Clock, type Timer } from '../../base/time.ts';
import type { RekeyAfter } from '../../config/ssh-config/network-options.ts';

/** As RFC 4253 section 9, and as OpenSSH with chacha20-poly1305, its first choice (64 GiB with AES). */
const DEFAULT_BYTES = 2 ** 30;

export class Rekeying {
  readonly #clock: Clock;
  readonly #limit: RekeyAfter;
  readonly #begin: () => void;
  #sent = 0;
  #received = 0;
  #timer: Timer | undefined;

  /** `begin` may be called again until `renewed` is called. */
  constructor(clock: Clock, { bytes, ms }: RekeyAfter, begin: () => void) {
    this.#clock = clock;
    this.#limit = { bytes: bytes || DEFAULT_BYTES, ms: Math.min(ms, LONGEST_MS) };
    this.#begin = begin;
    this.renewed();
  }

  sent(bytes: number): void {
    this.#sent += bytes;
    if (this.#sent >= this.#limit.bytes) this.#begin();
  }

  received(bytes: number): void {
    this.#received += bytes;
    if (this.#received >= this.#limit.bytes) this.#begin();
  }

  /** Either side may have started the exchange. */
  renewed(): void {
    this.#sent = 0;
    this.#received = 0;
    this.#timer?.cancel();
    if (this.#limit.ms > 0) this.#timer = this.#clock.after(this.#limit.ms, this.#begin);
  }

  end(): void {
    this.#timer?.cancel();
  }
}
