/** Sends packets through ssh2's internals (see protocol.ts), with the least work for large ones. */
import { sizeOf } from '../link/link.ts';
import { cipherOf, sendPacket, writerOf, type Protocol } from './protocol.ts';

/** Packet and padding length, in front of the payload (RFC 4253 section 6). */
const HEADER_BYTES = 5;
/** A payload of at least this size is one of many of a stream. */
const LARGE_BYTES = 16 * 1024;
/** The most free packets to keep: as many as usually leave at once, since each takes up memory. */
const MAX_FREE = 8;

/** Reused: new memory, outside of V8's heap, causes full collections, a third of the work of an upload. */
export class Packets {
  /** By cipher: a packet of the last large size, never sent. */
  readonly #templates = new WeakMap<object, { readonly bytes: number; readonly packet: Buffer }>();
  #free: Buffer[] = [];
  #sent: Buffer[] = [];

  /** Reuses the padding, too, which is arbitrary (RFC 4253 section 6): it took longer than the encryption. */
  allocate(protocol: Protocol, bytes: number): Buffer {
    const writer = writerOf(protocol);
    // A different start means compression or a key exchange under way: this is not the final packet yet.
    if (bytes < LARGE_BYTES || writer.allocStart !== HEADER_BYTES) return writer.alloc(bytes);
    const end = HEADER_BYTES + bytes;
    let template = this.#templates.get(cipherOf(protocol));
    if (template?.bytes !== bytes) {
      template = { bytes, packet: writer.alloc(bytes) };
      this.#templates.set(cipherOf(protocol), template);
    }
    const packet = this.#take(template.packet.length);
    template.packet.copy(packet, 0, 0, HEADER_BYTES);
    template.packet.copy(packet, end, end);
    return packet;
  }

  /** All packets allocated so far were sent; `gone` if the operating system has all of their bytes. */
  settle(gone: boolean): void {
    if (gone && this.#free.length < MAX_FREE) this.#free.push(...this.#sent);
    this.#sent = [];
  }

  #take(bytes: number): Buffer {
    let packet = this.#free.pop();
    if (packet?.length !== bytes) {
      this.#free = [];
      packet = Buffer.allocUnsafeSlow(bytes);
    }
    this.#sent.push(packet);
    return packet;
  }
}

/** Zeroes the message. Not during a key exchange: ssh2 would copy a message that it holds back. */
export function sendSecret(protocol: Protocol, message: Buffer): void {
  const writer = writerOf(protocol);
  const start = writer.allocStart;
  const packet = writer.alloc(message.length);
  message.copy(packet, start);
  sendPacket(protocol, writer.finalize(packet));
  // Some ciphers encrypt in place, and those bytes are being sent; with others the plain text is left.
  const rest = packet.subarray(start, start + message.length);
  if (rest.equals(message)) rest.fill(0);
  message.fill(0);
}

/** Returns the size. During a key exchange ssh2 itself holds the message back. */
export function sendMessage(
  protocol: Protocol,
  message: readonly Buffer[],
  packets = new Packets(),
): number {
  const writer = writerOf(protocol);
  // Read before the allocation, as ssh2 does: it depends on the compression in use.
  let at = writer.allocStart;
  const bytes = sizeOf(message);
  const packet = packets.allocate(protocol, bytes);
  for (const part of message) at += part.copy(packet, at);
  sendPacket(protocol, writer.finalize(packet));
  return bytes;
}
