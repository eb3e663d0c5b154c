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

/** Collects values; `finish` gives them as one buffer. */
export class Writer {
  readonly #parts: Buffer[] = [];

  byte(value: number): this {
    return this.raw(Buffer.of(value));
  }

  bool(value: boolean): this {
    return this.byte(value ? 1 : 0);
  }

  u32(value: number): this {
    const part = Buffer.allocUnsafe(4);
    part.writeUInt32BE(value);
    return this.raw(part);
  }

  /** A `string`: length and bytes; text is written as UTF-8. */
  string(value: Buffer | string): this {
    const bytes = typeof value === 'string' ? Buffer.from(value) : value;
    return this.u32(bytes.length).raw(bytes);
  }

  raw(part: Buffer): this {
    this.#parts.push(part);
    return this;
  }

  finish(): Buffer {
    return Buffer.concat(this.#parts);
  }
}
