/** The host key of one connection: verified before any message of a login is sent or accepted. */
import { SshpoolError } from '../../base/errors.ts';
import type { KnownHost } from '../trust/known-hosts-lines.ts';
import { guardUntilVerified } from './routes.ts';
import type { Protocol } from './protocol.ts';

interface Handshake {
  /** It has failed or is lost: ssh2 must not be called any more. */
  isOver(): boolean;
  fail(error: SshpoolError): void;
}

type Verify = (key: Buffer) => Promise<KnownHost | undefined>;

export class Ssh2HostKey {
  readonly #handshake: Handshake;
  #verify: Verify;
  #accepted: Buffer | undefined;
  #openLogin: () => void = () => undefined;
  /** The line of known_hosts that the server is trusted by, if any. */
  trustedBy: KnownHost | undefined;

  constructor(handshake: Handshake, verify: Verify) {
    this.#handshake = handshake;
    this.#verify = verify;
  }

  get accepted(): Buffer | undefined {
    return this.#accepted;
  }

  /** Calls `end` if the server goes on to the login before its key is verified. */
  guard(protocol: Protocol, end: () => void): void {
    this.#openLogin = guardUntilVerified(protocol, end);
  }

  /** Releases the caller that could be prompted; later key exchanges need no prompt. */
  forget(): void {
    this.#verify = () => Promise.reject(new Error('the host key was verified before'));
  }

  /** ssh2's hostVerifier. */
  readonly check = (key: Buffer, done: (valid: boolean) => void): boolean | undefined => {
    // A later key exchange must have the same key; without an answer at once ssh2 corrupts the connection.
    if (this.#accepted !== undefined) return this.#accepted.equals(key);
    this.#verify(key).then(
      (entry) => {
        // The user may take longer to answer than the server waits.
        if (this.#handshake.isOver()) return;
        this.trustedBy = entry;
        this.#accepted = Buffer.from(key);
        this.#openLogin();
        done(true);
      },
      (thrown: unknown) => {
        // ssh2 throws if it has to end a connection that has ended.
        if (this.#handshake.isOver()) return;
        this.#handshake.fail(SshpoolError.from(thrown));
        done(false);
      },
    );
    return undefined;
  };
}
