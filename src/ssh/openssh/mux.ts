/** The messages that make an OpenSSH master a proxy (OpenSSH's PROTOCOL.mux). Knows no socket. */
import { Reader, Writer } from '../../base/bytes.ts';
import { SshpoolError } from '../../base/errors.ts';
import { frame } from '../../base/frames.ts';

const VERSION = 4;
/** mux.c; also the longest packet (CHANNEL_MUX_MAX_PACKET). */
export const MUX_MAX_BYTES = 256 * 1024;

const NUMBER = {
  hello: 0x00000001,
  aliveCheck: 0x10000004,
  proxy: 0x1000000f,
  denied: 0x80000002,
  failure: 0x80000003,
  alive: 0x80000005,
  proxied: 0x8000000f,
} as const;

export type MuxReply =
  | { readonly type: 'hello' }
  | { readonly type: 'alive'; readonly pid: number }
  /** From here on both sides send packets of the connection protocol. */
  | { readonly type: 'proxied' }
  | { readonly type: 'refused'; readonly reason: string };

/** Hello, the alive check (for the process id) and the proxy request, sent together. */
export function muxRequests(): Buffer {
  const bodies = [
    new Writer().u32(NUMBER.hello).u32(VERSION),
    new Writer().u32(NUMBER.aliveCheck).u32(0),
    new Writer().u32(NUMBER.proxy).u32(1),
  ];
  return Buffer.concat(bodies.flatMap((body) => frame([body.finish()])));
}

/** @throws SshpoolError PROTOCOL where it is cut short, or not an answer to these requests */
export function readMuxReply(body: Buffer): MuxReply {
  const from = new Reader(body);
  const number = from.u32();
  switch (number) {
    case NUMBER.hello:
      return { type: 'hello' };
    case NUMBER.alive:
      from.u32(); // the number of the request
      return { type: 'alive', pid: processId(from.u32()) };
    case NUMBER.proxied:
      return { type: 'proxied' };
    case NUMBER.denied:
    case NUMBER.failure:
      from.u32();
      return { type: 'refused', reason: from.text() };
    default:
      throw SshpoolError.of('PROTOCOL', { problem: `message ${number} of an OpenSSH master` });
  }
}

/** A signal to 0 would go to this process's own group, and 1 is not a master. */
function processId(pid: number): number {
  if (pid > 1 && pid <= 0x7fffffff) return pid;
  throw SshpoolError.of('PROTOCOL', { problem: `process ${pid} as an OpenSSH master` });
}

/** In place of the length of the padding, of which there is none (mux.c, channels.c). */
const NO_PADDING = Buffer.of(0);

export function muxPacket(message: readonly Buffer[]): Buffer {
  return Buffer.concat(frame([NO_PADDING, ...message]));
}

/** The message in the body of a packet. @throws SshpoolError PROTOCOL where there is none */
export function readMuxPacket(body: Buffer): Buffer {
  if (body.length < 2) throw SshpoolError.of('PROTOCOL', { problem: 'an empty packet' });
  return body.subarray(1);
}
