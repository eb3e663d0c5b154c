/** Carries the messages of RFC 4254 for one connection, above encryption and login, below channels. */
import type { Borrowed } from '../../base/borrowed.ts';
import type { SshpoolError } from '../../base/errors.ts';

export interface LinkEvents {
  /** One message of RFC 4254, numbers 90 to 100, as the payload of its packet. */
  onMessage(payload: Borrowed): void;
  /** Exactly once, last. */
  onClose(error: SshpoolError): void;
}

export interface Link {
  readonly kind: 'ssh2' | 'openssh';
  /** Why this link was chosen, for users. */
  readonly reason: string;
  readonly user: string;
  /** Software version as the server names it, such as `OpenSSH_9.2p1`. */
  readonly serverVersion: string;
  /**
   * The fingerprint of the verified host key, as ssh prints it; undefined if the server presented a
   * certificate, or if unknown.
   */
  readonly hostKey: string | undefined;
  /** The link to its jump host; undefined if there is none, or if ssh connects to the jump host itself. */
  readonly via: Link | undefined;
  /** The server said that it runs a forced command instead of the requested one (sshd(8), command=). */
  readonly forcedCommand: boolean;
  /** Bytes on the network so far, both counted below the encryption. */
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** Sets the only listener; messages are queued until then. */
  listen(events: LinkEvents): void;
  /**
   * Sends one message, given in parts. Large parts are not copied before this call; the sender may reuse them
   * when it returns.
   */
  send(message: readonly Buffer[]): void;
  /**
   * Sends one small message that the server provoked: a reply or a refusal. If the server provokes too many,
   * its connection ends.
   */
  answer(message: readonly Buffer[]): void;
  /** Sends a grant of window space. */
  grant(message: readonly Buffer[]): void;
  /** From now on the link does not keep the process alive (in a program that uses the library). */
  unref(): void;
  /** Disconnects from the server; onClose follows within a deadline, whatever the server does. */
  close(): void;
  /** Drops the transport at once. */
  destroy(reason: SshpoolError): void;
}

/** The most messages that wait for the listener: until a channel is opened, a server has none to send. */
export const MAX_EARLY = 64;
export const TOO_EARLY = 'the server sends channel messages before a channel is open';

/** Bytes of a message that is given in parts. */
export function sizeOf(message: readonly Buffer[]): number {
  return message.reduce((sum, { length }) => sum + length, 0);
}
