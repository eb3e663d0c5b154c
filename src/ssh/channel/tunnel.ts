/** A stream through the server (RFC 4254 section 7.2), or to a unix socket of it (OpenSSH's PROTOCOL 2.4). */
import { keep, type Borrowed } from '../../base/borrowed.ts';
import { Duplex } from 'node:stream';
import { Writer } from '../../base/bytes.ts';
import { SshpoolError } from '../../base/errors.ts';
import type { Channel } from './channel.ts';
import type { Channels } from './channels.ts';
import type { Link } from '../link/link.ts';

export type Destination =
  { readonly host: string; readonly port: number } | { readonly path: string };

export interface TunnelEvents {
  onOpen(stream: Tunnel): void;
  onRefused(reason: number, description: string): void;
  /** Exactly once, last: the channel is closed, or was never opened. */
  onClosed(error: SshpoolError | undefined): void;
}

/** The originator address, as ssh sends it for -W: there is no local TCP connection. */
const ORIGINATOR = { host: '127.0.0.1', port: 65_535 };

function openOf(to: Destination): { readonly type: string; readonly extra: Buffer } {
  const extra = new Writer();
  if ('path' in to) {
    // The last two are reserved.
    extra.string(to.path).string('').u32(0);
    return { type: 'direct-streamlocal@openssh.com', extra: extra.finish() };
  }
  extra.string(to.host).u32(to.port).string(ORIGINATOR.host).u32(ORIGINATOR.port);
  return { type: 'direct-tcpip', extra: extra.finish() };
}

export class Tunnel extends Duplex {
  readonly via: Link;
  readonly #channel: Channel;
  /** Bytes that the reader has not asked for yet. */
  #unread = 0;
  #unsent: { bytes: Buffer; readonly done: () => void } | undefined;
  bytesRead = 0;
  bytesWritten = 0;

  constructor(channels: Channels, to: Destination, events: TunnelEvents) {
    super({ allowHalfOpen: true });
    this.via = channels.link;
    const { type, extra } = openOf(to);
    let ended = false;
    const end = (error: SshpoolError | undefined): void => {
      if (ended) return;
      ended = true;
      if (error) this.destroy(error);
      else this.#leave();
      events.onClosed(error);
    };
    // The owner of the stream adds its own listener; an error before that must not throw.
    this.on('error', () => undefined);
    this.#channel = channels.create(type, extra, {
      onOpen: () => events.onOpen(this),
      onRefused: (reason, description) => {
        events.onRefused(reason, description);
        this.destroy();
        end(undefined);
      },
      onData: (data) => this.#receive(data),
      onStderr: (data) => this.#channel.consume(data.length),
      onEof: () => void this.push(null),
      onWindow: () => this.#flush(),
      onRequest: () => false,
      onClose: end,
    });
  }

  open(): void {
    this.#channel.open();
  }

  /** Ends both directions; received data can still be read. */
  #leave(): void {
    if (this.destroyed) return;
    this.push(null);
    const unsent = this.#unsent;
    this.#unsent = undefined;
    unsent?.done();
    this.end();
  }

  #receive(data: Borrowed): void {
    this.bytesRead += data.length;
    this.#unread += data.length;
    if (this.push(keep(data))) this.#consume();
  }

  #consume(): void {
    const bytes = this.#unread;
    this.#unread = 0;
    if (bytes > 0) this.#channel.consume(bytes);
  }

  #flush(): void {
    const unsent = this.#unsent;
    if (unsent === undefined) return;
    const now = unsent.bytes.subarray(0, this.#channel.bytesAtOnce);
    if (now.length > 0) this.#channel.write(now);
    this.bytesWritten += now.length;
    unsent.bytes = unsent.bytes.subarray(now.length);
    if (unsent.bytes.length > 0) {
      if (this.#channel.sendWindow > 0) setImmediate(() => this.#flush());
      return;
    }
    this.#unsent = undefined;
    unsent.done();
  }

  unref(): void {
    // The link decides whether the process stays alive; a tunnel has no handle of its own.
  }

  override _read(): void {
    this.#consume();
  }

  override _write(bytes: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#unsent = { bytes, done };
    this.#flush();
  }

  /** Chunks that are written together leave as one packet. */
  override _writev(chunks: readonly { readonly chunk: Buffer }[], done: () => void): void {
    this.#unsent = { bytes: Buffer.concat(chunks.map(({ chunk }) => chunk)), done };
    this.#flush();
  }

  override _final(done: () => void): void {
    this.#channel.end();
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#channel.close();
    done(error);
  }
}
