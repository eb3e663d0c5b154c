/** Reads and writes the data types of RFC 4251 section 5: byte, boolean, uint32, string. */
import { SshpoolError } from './errors.ts';

/** Throws PROTOCOL if the buffer is too short. */
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

  string(): Buffer {
    const length = this.u32();
    const start = this.#advance(length);
    return this.#buffer.subarray(start, start + length);
  }

  text(): string {
    return this.string().toString('utf8');
  }

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

/** Values up to this size are copied into one block; for larger ones a copy costs more than it saves. */
const SMALL = 512;

/** Does not copy large values: they must not change until they are sent. */
export class Writer {
  readonly #parts: Buffer[] = [];
  /** Consecutive small values; `#start` to `#at` is not yet in the parts. */
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

  string(value: Buffer | string): this {
    const bytes = typeof value === 'string' ? Buffer.from(value) : value;
    return this.u32(bytes.length).raw(bytes);
  }

  /** As `string`, then zeroes `value`, so that this is the only copy. */
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

  parts(): readonly Buffer[] {
    this.#flush();
    return this.#parts;
  }

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
