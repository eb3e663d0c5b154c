/** Packets in memory that the next read overwrites. */
import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import { keepBegunPacket } from '../../../../src/ssh/ssh2/protocol.ts';

interface Cipher {
  allocPacket(bytes: number): Buffer;
  encrypt(packet: Buffer): void;
}
interface Decipher {
  _packet: Uint8Array | null;
  decrypt(data: Buffer, from: number, to: number): unknown;
}
const require = createRequire(import.meta.url);
const crypto = require('ssh2/lib/protocol/crypto.js') as {
  readonly CIPHER_INFO: Readonly<Record<string, { keyLen: number; ivLen: number }>>;
  readonly MAC_INFO: Readonly<Record<string, { len: number }>>;
  readonly init: Promise<void>;
  createCipher(config: object): Cipher;
  createDecipher(config: object): Decipher;
};

/** An encrypted packet with `payload`, and a decipher for it. */
async function encrypted(
  cipherName: string,
  payload: Buffer,
): Promise<{ wire: Buffer; decipher: Decipher; payloads: Buffer[] }> {
  await crypto.init;
  const info = crypto.CIPHER_INFO[cipherName];
  const mac = crypto.MAC_INFO['hmac-sha2-256-etm@openssh.com'];
  if (info === undefined || mac === undefined) throw new Error('there is no such cipher');
  const [key, iv, macKey] = [info.keyLen, info.ivLen, mac.len].map((bytes) =>
    Buffer.alloc(bytes, 7),
  );
  const written: Buffer[] = [];
  const payloads: Buffer[] = [];
  const cipher = crypto.createCipher({
    outbound: {
      ...{ seqno: 0, cipherInfo: info, cipherKey: key, cipherIV: iv, macInfo: mac, macKey },
      onWrite: (data: Buffer) => written.push(Buffer.from(data)),
    },
  });
  const packet = cipher.allocPacket(payload.length);
  payload.copy(packet, 5);
  cipher.encrypt(packet);
  const decipher = crypto.createDecipher({
    inbound: {
      ...{ seqno: 0, decipherInfo: info, decipherKey: key, decipherIV: iv, macInfo: mac, macKey },
      onPayload: (data: Buffer) => void payloads.push(Buffer.from(data)),
    },
  });
  return { wire: Buffer.concat(written), decipher, payloads };
}

describe('a packet whose last bytes arrive with the next read', () => {
  it.each(['aes128-gcm@openssh.com', 'chacha20-poly1305@openssh.com', 'aes256-ctr'])(
    'is whole, wherever it is cut: %s',
    async (name) => {
      const payload = Buffer.alloc(300, 'x');
      const { wire } = await encrypted(name, payload);
      const memory = Buffer.alloc(wire.length);
      for (let cut = 1; cut < wire.length; cut++) {
        const { wire: sent, decipher, payloads } = await encrypted(name, payload);
        for (const part of [sent.subarray(0, cut), sent.subarray(cut)]) {
          part.copy(memory.fill(0));
          const chunk = memory.subarray(0, part.length);
          decipher.decrypt(chunk, 0, chunk.length);
          keepBegunPacket({ _decipher: decipher }, chunk);
        }
        expect([cut, payloads.map(String)]).toEqual([cut, [payload.toString()]]);
      }
    },
  );
});
