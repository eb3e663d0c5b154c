/** The authentication messages of one ssh2 connection, for sshpool's own login. */
import { Writer } from '../../base/bytes.ts';
import { SshpoolError } from '../../base/errors.ts';
import { serverSigAlgsOf, takeLogin } from './routes.ts';
import {
  isExchangingKeys,
  sessionIdOf,
  softwareOf,
  takesExtensions,
  type Protocol,
} from './protocol.ts';
import { sendSecret } from './packets.ts';
import type { AuthWire } from '../login/userauth.ts';
import { USERAUTH_SUCCESS } from '../login/userauth-messages.ts';

interface Waiting {
  readonly resolve: (payload: Buffer) => void;
  readonly reject: (error: SshpoolError) => void;
}

export class Ssh2AuthWire implements AuthWire {
  readonly #protocol: Protocol;
  readonly #arrived: Buffer[] = [];
  #waiting: Waiting | undefined;
  #failure: SshpoolError | undefined;
  #hasAsked = false;
  /** A login has at most one unanswered request. */
  #unsent: Buffer | undefined;
  readonly accepted: Promise<void>;
  #accept: () => void = () => undefined;

  constructor(protocol: Protocol) {
    this.#protocol = protocol;
    this.accepted = new Promise((resolve) => (this.#accept = resolve));
    takeLogin(protocol, this.#accept, (payload) => this.#receive(payload));
  }

  get takesEarly(): boolean {
    return TAKES_EARLY.test(softwareOf(this.#protocol));
  }

  get sessionId(): Buffer {
    return sessionIdOf(this.#protocol);
  }

  get serverSigAlgs(): readonly string[] | undefined {
    return serverSigAlgsOf(this.#protocol);
  }

  /** Call it first after the key exchange: server-sig-algs may change then (RFC 8308; PROTOCOL 1.10). */
  announceExtensions(): void {
    if (takesExtensions(this.#protocol)) sendSecret(this.#protocol, extInfo());
  }

  send(payload: Buffer): void {
    this.#hasAsked = true;
    this.#unsent = payload;
    this.flush();
  }

  /** Sends the request that a key exchange held back, or drops it if the connection has ended. */
  flush(): void {
    const payload = this.#unsent;
    const hasEnded = this.#failure !== undefined;
    if (payload === undefined || (!hasEnded && isExchangingKeys(this.#protocol))) return;
    this.#unsent = undefined;
    if (hasEnded) payload.fill(0);
    else sendSecret(this.#protocol, payload);
  }

  next(): Promise<Buffer> {
    const payload = this.#arrived.shift();
    if (payload !== undefined) return Promise.resolve(payload);
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => (this.#waiting = { resolve, reject }));
  }

  fail(error: SshpoolError): void {
    this.#failure ??= error;
    this.#accept();
    this.flush();
    this.#waiting?.reject(this.#failure);
    this.#waiting = undefined;
  }

  /** False for a success before any request was sent. */
  #receive(payload: Buffer): boolean {
    if (payload[0] === USERAUTH_SUCCESS && !this.#hasAsked) {
      this.fail(SshpoolError.of('PROTOCOL', { problem: 'a login that was not asked for' }));
      return false;
    }
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting) waiting.resolve(payload);
    else if (this.#arrived.length < MAX_WAITING) this.#arrived.push(payload);
    return true;
  }
}

const EXT_INFO = 7;

function extInfo(): Buffer {
  return new Writer()
    .byte(EXT_INFO)
    .u32(1)
    .string('ext-info-in-auth@openssh.com')
    .string('0')
    .finish();
}

/** The servers that were tested: they read one message after the other. */
const TAKES_EARLY = /^(?:OpenSSH_|dropbear_|AsyncSSH_|paramiko_|tinyssh|ssh2js)/;

/** A server sends few messages without a request: more than this are dropped. */
const MAX_WAITING = 64;
