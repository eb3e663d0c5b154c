/** How ssh2 reads: after the whole identification, in fair portions, with a limit on provoked answers. */
import { Reader } from '../../base/bytes.ts';
import { describe } from '../../base/errors.ts';
import { ReplyBudget, TOO_MANY_REQUESTS } from '../link/reply-budget.ts';
import { FairReading } from '../link/fair-reading.ts';
import { Identification } from '../transport/identification.ts';
import { filterGlobalRequests } from './routes.ts';
import { onFirstKexinit, takeInput, type Input, type Protocol } from './protocol.ts';
import type { Transport } from '../transport/transport.ts';

const ANNOUNCEMENT = 'hostkeys-00@openssh.com';

export class Ssh2Reading {
  readonly #protocol: Protocol;
  readonly #stream: Transport;
  readonly #fair: FairReading;
  readonly #answers = new ReplyBudget();
  readonly #ssh2: Input;
  #identification: Identification | undefined = new Identification();
  /** The identification, until ssh2 has read it. */
  #line: Buffer | undefined;
  #kexinit: Buffer | undefined;
  #hasAnnounced = false;
  #input: Buffer | undefined;
  /** `#input` lies in memory that the next read does not write over. */
  #isOwn = false;

  constructor(protocol: Protocol, stream: Transport) {
    this.#protocol = protocol;
    this.#stream = stream;
    this.#fair = new FairReading(stream, () => this.#work());
    const receive = (chunk: Buffer): void => this.#receive(chunk);
    this.#ssh2 = takeInput(protocol, receive, () => this.#fair.isOver);
    filterGlobalRequests(protocol, (payload) => this.#mayAsk(payload));
  }

  /** What the server sent instead of an identification; undefined once that was received. */
  get insteadOfSsh(): string | undefined {
    return this.#identification?.said;
  }

  get kexinit(): Buffer | undefined {
    return this.#kexinit;
  }

  forgetKexinit(): void {
    this.#kexinit = undefined;
  }

  /** False if the server has provoked too many: the answer must not be sent, and the connection ends. */
  answer(bytes: number): boolean {
    if (!this.#answers.take()) {
      this.#stream.destroy(new Error(TOO_MANY_REQUESTS));
      return false;
    }
    this.#fair.answered(bytes);
    return true;
  }

  /** Counts a grant of window space; the data that the server may send limits their number. */
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
      // ssh2 would end only this side's half; such a server may leave the other one open.
      this.#stream.destroy(thrown instanceof Error ? thrown : new Error(describe(thrown)));
      return false;
    }
  }

  #read(): boolean {
    const input = this.#input && this.#identified(this.#input);
    this.#input = undefined;
    if (input === undefined) return false;
    let at = 0;
    while (at < input.length && this.#ssh2.isLive() && !this.#stream.destroyed) {
      at = this.#ssh2.parse(input, at);
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

  /** ssh2 reads it as latin1 and keeps it as UTF-8: the server's signature would not match. */
  #keepIdentification(): void {
    if (this.#line === undefined) return;
    this.#ssh2.identify(this.#line);
    this.#line = undefined;
    onFirstKexinit(this.#protocol, (kexinit) => (this.#kexinit = kexinit));
  }

  /** Whether ssh2 may read a global request (RFC 4254 section 4), which it answers if a reply is wanted. */
  #mayAsk(payload: Buffer): boolean {
    const request = new Reader(payload);
    request.byte();
    const [name, wantReply] = [request.text(), request.bool()];
    if (name === ANNOUNCEMENT) {
      // As in ssh, which ends the connection: parsing the keys takes time.
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
