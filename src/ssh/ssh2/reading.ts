/**
 * How ssh2 reads from a server: not before its identification is whole, in fair portions, and with a
 * bound on what the server makes us answer.
 */
import { Reader } from '../../base/bytes.ts';
import { describe } from '../../base/errors.ts';
import { ReplyBudget, TOO_MANY_REQUESTS } from '../link/reply-budget.ts';
import { FairReading } from '../link/fair-reading.ts';
import { Identification } from '../transport/identification.ts';
import { filterGlobalRequests, onFirstKexinit, type Protocol } from './internals.ts';
import type { Transport } from '../transport/transport.ts';

const ANNOUNCEMENT = 'hostkeys-00@openssh.com';

export class Ssh2Reading {
  readonly #protocol: Protocol;
  readonly #stream: Transport;
  readonly #fair: FairReading;
  readonly #answers = new ReplyBudget();
  readonly #parse: Protocol['parse'];
  #identification: Identification | undefined = new Identification();
  /** The identification, until ssh2 has read it. */
  #line: Buffer | undefined;
  #kexinit: Buffer | undefined;
  #hasAnnounced = false;
  #input: Buffer | undefined;
  /** `#input` lies in memory that the next read does not write over. */
  #isOwn = false;

  /** For a protocol that has not read anything yet. */
  constructor(protocol: Protocol, stream: Transport) {
    this.#protocol = protocol;
    this.#stream = stream;
    this.#fair = new FairReading(stream, () => this.#work());
    this.#parse = (chunk, from, to) => this.#receive(chunk.subarray(from, to));
    protocol.parse = this.#parse;
    const onPayload = protocol._onPayload;
    protocol._onPayload = (payload) =>
      onPayload(payload) ?? (this.#fair.isOver ? false : undefined);
    filterGlobalRequests(protocol, (payload) => this.#mayAsk(payload));
  }

  /** What came in place of an identification; undefined once that is there. */
  get insteadOfSsh(): string | undefined {
    return this.#identification?.said;
  }

  /** The server's first, until it is forgotten. */
  get kexinit(): Buffer | undefined {
    return this.#kexinit;
  }

  /** The first key exchange is over. */
  forgetKexinit(): void {
    this.#kexinit = undefined;
  }

  /**
   * Counts an answer of `bytes` that the server made us send; false where it may not be sent, since
   * there were too many: then the connection ends.
   */
  answer(bytes: number): boolean {
    if (!this.#answers.take()) {
      this.#stream.destroy(new Error(TOO_MANY_REQUESTS));
      return false;
    }
    this.#fair.answered(bytes);
    return true;
  }

  /** Counts a grant of window space, which what the server may send bounds. */
  granted(bytes: number): void {
    this.#fair.answered(bytes);
  }

  #receive(chunk: Buffer): void {
    const waiting = this.#input;
    this.#input = waiting === undefined ? chunk : Buffer.concat([waiting, chunk]);
    this.#isOwn = waiting !== undefined;
    this.#fair.run();
    if (this.#isOwn || this.#input === undefined) return;
    this.#input = Buffer.from(this.#input);
    this.#isOwn = true;
  }

  #work(): boolean {
    try {
      return this.#read();
    } catch (thrown) {
      this.#input = undefined;
      // Not only our half, as ssh2 would end it: such a server need not hang up.
      this.#stream.destroy(thrown instanceof Error ? thrown : new Error(describe(thrown)));
      return false;
    }
  }

  #read(): boolean {
    const input = this.#input && this.#identified(this.#input);
    this.#input = undefined;
    if (input === undefined) return false;
    let at = 0;
    while (at < input.length && this.#protocol.parse === this.#parse && !this.#stream.destroyed) {
      at = this.#protocol._parse(input, at, input.length) ?? input.length;
      this.#keepIdentification();
      if (at < input.length && this.#fair.isOver) {
        this.#input = input.subarray(at);
        return true;
      }
    }
    return false;
  }

  #identified(input: Buffer): Buffer | undefined {
    if (this.#identification === undefined) return input;
    const whole = this.#identification.take(input);
    if (whole === undefined) return undefined;
    this.#identification = undefined;
    this.#line = firstLine(whole);
    return whole;
  }

  /** ssh2 reads it as latin1 and keeps that as UTF-8: the signature would not be that of the server. */
  #keepIdentification(): void {
    if (this.#line === undefined) return;
    this.#protocol._remoteIdentRaw = this.#line;
    this.#line = undefined;
    onFirstKexinit(this.#protocol, (kexinit) => (this.#kexinit = kexinit));
  }

  /** Whether a global request may be read (RFC 4254 section 4): it is answered where it wants that. */
  #mayAsk(payload: Buffer): boolean {
    const request = new Reader(payload);
    request.byte();
    const [name, wantReply] = [request.text(), request.bool()];
    if (name === ANNOUNCEMENT) {
      // As ssh, which ends the connection: to read the keys takes time.
      if (this.#hasAnnounced) throw new Error('server already sent hostkeys');
      this.#hasAnnounced = true;
    }
    // The announcement is acknowledged in any case (putOffHostKeys).
    return (!wantReply && name !== ANNOUNCEMENT) || this.answer(payload.length);
  }
}

/** A copy, without the end of the line. */
function firstLine(text: Buffer): Buffer {
  const line = text.subarray(0, text.indexOf('\n')).toString('latin1');
  return Buffer.from(line.replace(/\r+$/, ''), 'latin1');
}
