/** A link over ssh2, which does all that lies below the channels; their messages bypass it. */
import { keep, lend, type Borrowed } from '../../base/borrowed.ts';
import type ssh2 from 'ssh2';
import { describe, SshpoolError } from '../../base/errors.ts';
import { shareReads } from '../../base/shared-reads.ts';
import { systemWords } from '../../base/system-words.ts';
import type { Clock } from '../../base/time.ts';
import type { RekeyAfter } from '../../config/ssh-config/network-options.ts';
import { KeepAlive, type KeepAliveFacts } from '../link/keepalive.ts';
import { MAX_EARLY, sizeOf, TOO_EARLY, type Link, type LinkEvents } from '../link/link.ts';
import { printableLine } from '../../base/printable.ts';
import { Rekeying } from '../link/rekeying.ts';
import { takeChannelMessages } from './routes.ts';
import { askForSign, keepBegunPacket, versionOf, type Protocol } from './protocol.ts';
import { Packets, sendMessage } from './packets.ts';
import type { Ssh2Reading } from './reading.ts';
import type { Transport } from '../transport/transport.ts';
import { Tunnel } from '../channel/tunnel.ts';

const wordsOf = (error: unknown): string => systemWords(error) ?? describe(error);

/** How long the server may take to close after the disconnect. */
const LEAVE_MS = 2000;

export interface Ssh2LinkOptions {
  readonly clock: Clock;
  readonly host: string;
  readonly user: string;
  readonly reason: string;
  readonly rekeyAfter: RekeyAfter;
  readonly keepAlive: KeepAliveFacts;
  readonly hostKey: string | undefined;
  readonly forced: () => boolean;
  readonly reading: Ssh2Reading;
}

export class Ssh2Link implements Link {
  readonly kind = 'ssh2';
  readonly reason: string;
  readonly user: string;
  readonly serverVersion: string;
  readonly #client: ssh2.Client;
  readonly #stream: Transport;
  readonly #protocol: Protocol;
  readonly #facts: Ssh2LinkOptions;
  readonly #packets = new Packets();
  readonly #rekeying: Rekeying;
  readonly #keepAlive: KeepAlive;
  #events: LinkEvents | undefined;
  #early: Buffer[] = [];
  #reason: SshpoolError | undefined;
  #closed = false;
  #corked = false;

  constructor(client: ssh2.Client, stream: Transport, protocol: Protocol, facts: Ssh2LinkOptions) {
    this.#client = client;
    this.#stream = stream;
    this.#protocol = protocol;
    this.#facts = facts;
    this.reason = facts.reason;
    this.user = facts.user;
    this.serverVersion = printableLine(versionOf(client));
    shareReads(stream);
    // Added after ssh2's own listener.
    stream.on('data', (chunk: Buffer) => keepBegunPacket(protocol, chunk));
    takeChannelMessages(protocol, (payload) => this.#receive(payload));
    // A server that violates the protocol or disconnects may leave the TCP connection open.
    client.on('error', (error) => this.destroy(this.#lost(wordsOf(error))));
    this.#rekeying = new Rekeying(facts.clock, facts.rekeyAfter, () => {
      // After a fatal error ssh2 throws.
      if (stream.writable) protocol.rekey();
    });
    this.#keepAlive = new KeepAlive(
      facts.clock,
      facts.keepAlive,
      () => {
        if (stream.writable) askForSign(client, protocol, () => this.#keepAlive.heard());
      },
      () => this.destroy(this.#lost('the server does not answer')),
    );
    client.on('handshake', () => this.#rekeying.renewed());
    client.on('close', () => this.#close());
  }

  get via(): Link | undefined {
    return this.#stream instanceof Tunnel ? this.#stream.via : undefined;
  }

  get hostKey(): string | undefined {
    return this.#facts.hostKey;
  }

  get forcedCommand(): boolean {
    return this.#facts.forced();
  }

  get bytesIn(): number {
    return this.#stream.bytesRead;
  }

  get bytesOut(): number {
    return this.#stream.bytesWritten;
  }

  listen(events: LinkEvents): void {
    this.#events = events;
    const early = this.#early;
    this.#early = [];
    for (const payload of early) events.onMessage(lend(payload));
    if (this.#closed) events.onClose(this.#reason ?? this.#lost('connection closed'));
  }

  send(message: readonly Buffer[]): void {
    if (this.#closed || !this.#stream.writable) return;
    if (!this.#corked) this.#cork();
    this.#rekeying.sent(sendMessage(this.#protocol, message, this.#packets));
  }

  answer(message: readonly Buffer[]): void {
    if (this.#facts.reading.answer(sizeOf(message))) this.send(message);
  }

  grant(message: readonly Buffer[]): void {
    this.#facts.reading.granted(sizeOf(message));
    this.send(message);
  }

  /** Until the next tick: ssh2 writes up to three pieces, each a TCP segment that would wake the server. */
  #cork(): void {
    this.#corked = true;
    this.#stream.cork();
    process.nextTick(() => {
      this.#corked = false;
      this.#stream.uncork();
      this.#packets.settle(this.#stream.writableLength === 0);
    });
  }

  unref(): void {
    this.#stream.unref();
  }

  close(): void {
    this.#client.end();
    // On a dead network neither end() nor ssh2's destroy() leads to a close.
    this.#facts.clock.after(LEAVE_MS, () => this.#stream.destroy());
  }

  destroy(reason: SshpoolError): void {
    this.#reason ??= reason;
    this.#stream.destroy();
  }

  #receive(payload: Borrowed): void {
    this.#keepAlive.heard();
    this.#rekeying.received(payload.length);
    if (this.#events) this.#events.onMessage(payload);
    else if (this.#early.length < MAX_EARLY) this.#early.push(keep(payload));
    else this.destroy(this.#lost(TOO_EARLY));
  }

  #close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#rekeying.end();
    this.#keepAlive.end();
    this.#events?.onClose(this.#reason ?? this.#lost('connection closed by the server'));
  }

  #lost(reason: string): SshpoolError {
    return SshpoolError.of('CONNECTION_LOST', { host: this.#facts.host, reason });
  }
}
