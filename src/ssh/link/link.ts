/**
 * The pipe of connection-protocol messages under a connection. Key exchange, authentication and
 * encryption lie below it, channels above it; whoever implements it knows nothing of channels.
 */
import type { SshpoolError } from '../../base/errors.ts';

export interface LinkEvents {
  /** One message of RFC 4254, numbers 90 to 100, as the payload of its packet. */
  onMessage(payload: Buffer): void;
  /** Exactly once: no message comes or goes any more. */
  onClose(error: SshpoolError): void;
}

export interface Link {
  readonly kind: 'ssh2' | 'openssh';
  /** Why it was chosen, for people. */
  readonly reason: string;
  readonly user: string;
  /** Software version as the server names it, such as `OpenSSH_9.2p1`. */
  readonly serverVersion: string;
  /**
   * The server's key that was verified, by its fingerprint as ssh prints it; undefined where it
   * showed a certificate, or where that is not known.
   */
  readonly hostKey: string | undefined;
  /** The link to the jump host that it goes through; undefined where there is none, or ssh has it. */
  readonly via: Link | undefined;
  /** The server said that a forced command runs, whatever we ask for (sshd(8), command=). */
  readonly forcedCommand: boolean;
  /** Bytes on the network so far, both counted below the encryption. */
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** Hands the link its one listener; messages wait until then. */
  listen(events: LinkEvents): void;
  /**
   * Sends one message, given in parts. Large ones are not copied on the way here, and belong to
   * the sender again when this returns.
   */
  send(message: readonly Buffer[]): void;
  /**
   * Sends one small message that the server made us send: a reply or a refusal. A server that makes
   * us send too many loses its connection.
   */
  answer(message: readonly Buffer[]): void;
  /** Sends a grant of window space. */
  grant(message: readonly Buffer[]): void;
  /** From now on it does not keep the process alive (in a program of the user's). */
  unref(): void;
  /** Takes leave of the server; onClose follows within a deadline, whatever the server does. */
  close(): void;
  /** Drops the transport at once. */
  destroy(reason: SshpoolError): void;
}

/** Messages that may wait for the listener: until we open a channel a server has nothing to say. */
export const MAX_EARLY = 64;
export const TOO_EARLY = 'the server sends channel messages before a channel is open';

/** Bytes of a message that is given in parts. */
export function sizeOf(message: readonly Buffer[]): number {
  return message.reduce((sum, { length }) => sum + length, 0);
}
