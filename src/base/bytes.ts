/**
 * The data types of RFC 4251 section 5 (byte, boolean, uint32, string), read and written. SSH, the
 * key agent protocol and our own frames all use them.
 */
import { SshpoolError } from './errors.ts';

/** Reads values off the front of one buffer; throws PROTOCOL where it is cut short. */
export class Reader {
  readonly #buffer: Buffer;
  #at = 0;

  constructor(buffer: Buffer) {
    this.#buffer = buffer;
  }

  get done(): boolean {
    return this.#at === this.#buffer.length;
  }

  byte(): number {
    return this.#buffer.readUInt8(this.#advance(1));
  }

  bool(): boolean {
    return this.byte() !== 0;
  }

  u32(): number {
    return this.#buffer.readUInt32BE(this.#advance(4));
  }

  /** A `string`: its bytes, not copied. */
  string(): Buffer {
    const length = this.u32();
    const start = this.#advance(length);
    return this.#buffer.subarray(start, start + length);
  }

  /** A `string` that holds UTF-8. */
  text(): string {
    return this.string().toString('utf8');
  }

  /** All that is left. */
  rest(): Buffer {
    const start = this.#at;
    this.#at = this.#buffer.length;
    return this.#buffer.subarray(start);
  }

  #advance(bytes: number): number {
    const start = this.#at;
    if (bytes > this.#buffer.length - start) {
      throw SshpoolError.of('PROTOCOL', { problem: `cut short at byte ${start}` });
    }
    this.#at = start + bytes;
    return start;
  }
}

/** Values up to this size are copied together; larger ones would cost more than they save. */
const SMALL = 512;

/**
 * Collects values; `parts` and `finish` give them as bytes. Large values are not copied by
 * `parts`: they must not change until those are sent.
 */
export class Writer {
  readonly #parts: Buffer[] = [];
  /** Small values that follow one another; `#start` to `#at` is not yet among the parts. */
  #block = Buffer.allocUnsafe(SMALL);
  #start = 0;
  #at = 0;
  #isSecret = false;

  byte(value: number): this {
    this.#room(1);
    this.#at = this.#block.writeUInt8(value, this.#at);
    return this;
  }

  bool(value: boolean): this {
    return this.byte(value ? 1 : 0);
  }

  u32(value: number): this {
    this.#room(4);
    this.#at = this.#block.writeUInt32BE(value, this.#at);
    return this;
  }

  /** A `string`: length and bytes; text is written as UTF-8. */
  string(value: Buffer | string): this {
    const bytes = typeof value === 'string' ? Buffer.from(value) : value;
    return this.u32(bytes.length).raw(bytes);
  }

  /** As `string`, and the only copy from here on: `value` is zeroed. */
  secret(value: Buffer): this {
    this.#isSecret = true;
    this.string(value.length > SMALL ? Buffer.from(value) : value);
    value.fill(0);
    return this;
  }

  raw(part: Buffer): this {
    if (part.length > SMALL) {
      this.#flush();
      this.#parts.push(part);
      return this;
    }
    this.#room(part.length);
    this.#at += part.copy(this.#block, this.#at);
    return this;
  }

  /** What was written, in order, large values as they were given. */
  parts(): readonly Buffer[] {
    this.#flush();
    return this.#parts;
  }

  /** What was written, as one buffer; where a secret is in it, that is nowhere else. */
  finish(): Buffer {
    const [only, ...more] = this.parts();
    if (only !== undefined && more.length === 0) return only;
    const whole = Buffer.concat(this.#parts);
    if (this.#isSecret) for (const part of this.#parts) part.fill(0);
    return whole;
  }

  #room(bytes: number): void {
    if (bytes <= this.#block.length - this.#at) return;
    this.#flush();
    this.#block = Buffer.allocUnsafe(SMALL);
    this.#start = this.#at = 0;
  }

  #flush(): void {
    if (this.#at > this.#start) this.#parts.push(this.#block.subarray(this.#start, this.#at));
    this.#start = this.#at;
  }
}
