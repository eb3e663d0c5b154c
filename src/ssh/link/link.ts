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
  /** As the server names it, such as `OpenSSH_9.2p1`. */
  readonly serverVersion: string;
  /** A fingerprint as ssh prints it; undefined if unknown, or if the server presented a certificate. */
  readonly hostKey: string | undefined;
  /** The link to its jump host; undefined without one, and where ssh connects to that itself. */
  readonly via: Link | undefined;
  /** The server said that it runs a forced command instead (sshd(8), command=). */
  readonly forcedCommand: boolean;
  /** Bytes on the network, below the encryption. */
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** Sets the only listener; messages are queued until then. */
  listen(events: LinkEvents): void;
  /** The sender may reuse the parts when this returns. */
  send(message: readonly Buffer[]): void;
  /** Sends a small reply or refusal; the connection ends if the server provokes too many. */
  answer(message: readonly Buffer[]): void;
  grant(message: readonly Buffer[]): void;
  /** It no longer keeps the process alive (for a program that uses the library). */
  unref(): void;
  /** Disconnects; onClose follows within a deadline, whatever the server does. */
  close(): void;
  destroy(reason: SshpoolError): void;
}

/** Messages that wait for the listener: until a channel is opened, a server has none to send. */
export const MAX_EARLY = 64;
export const TOO_EARLY = 'the server sends channel messages before a channel is open';

export function sizeOf(message: readonly Buffer[]): number {
  return message.reduce((sum, { length }) => sum + length, 0);
}
