/**
 * The internals of ssh2 that protocol.ts and routes.ts depend on. When one of these tests fails after an update,
 * read those files first: sessions would hang or connections break without a type error.
 */
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { SUPPORTED } from '../../../../src/ssh/ssh2/protocol.ts';

const require = createRequire(import.meta.url);
const load = (path: string): Record<string, unknown> => require(path) as Record<string, unknown>;

/** Five bytes of header before the payload, padding after it. */
const allocPacket = (bytes: number): Buffer => Buffer.alloc(5 + bytes + 8);

describe('ssh2', () => {
  it('has the version whose source was reviewed', () => {
    expect(load('ssh2/package.json')['version']).toBe('1.17.0');
  });

  it('has a handler for each channel message, by number', () => {
    const handlers = load('ssh2/lib/protocol/handlers.js') as unknown as unknown[];
    const kinds = Array.from({ length: 11 }, (_, i) => typeof handlers[90 + i]);
    expect(new Set(kinds)).toEqual(new Set(['function']));
  });

  it('has a handler for each authentication message, by number', () => {
    const handlers = load('ssh2/lib/protocol/handlers.js') as unknown as unknown[];
    const kinds = [50, 51, 52, 53, 60, 61].map((number) => typeof handlers[number]);
    expect(new Set(kinds)).toEqual(new Set(['function']));
  });

  it('passes messages to a client through _handlers, which may be replaced', () => {
    const Protocol = load('ssh2/lib/protocol/Protocol.js') as unknown as new (config: object) => {
      readonly _handlers: Record<string, unknown>;
    };
    const heard: string[] = [];
    const names = ['SERVICE_ACCEPT', 'EXT_INFO', 'DEBUG', 'GLOBAL_REQUEST'];
    const messageHandlers = Object.fromEntries(names.map((name) => [name, () => undefined]));
    const protocol = new Protocol({
      onWrite: () => undefined,
      onError: () => undefined,
      messageHandlers,
    });
    const handlers = load('ssh2/lib/protocol/handlers.js') as unknown as ((
      protocol: object,
      payload: Buffer,
    ) => void)[];
    protocol._handlers['SERVICE_ACCEPT'] = (_: object, name: string) => heard.push(name);
    handlers[6]?.(protocol, Buffer.from('\u0006\0\0\0\u000cssh-userauth', 'latin1'));
    expect(Object.keys(protocol._handlers)).toEqual(names);
    expect(heard).toEqual(['ssh-userauth']);
  });

  it('reads through parse and _parse, and calls _onPayload to find out where to stop', () => {
    const Protocol = load('ssh2/lib/protocol/Protocol.js') as unknown as {
      readonly prototype: Record<string, unknown>;
      readonly toString: () => string;
    };
    expect(String(Protocol.prototype['parse'])).toContain('i = this._parse(chunk, i, len)');
    const made = Protocol.toString();
    expect(made).toContain('this._onPayload = onPayload.bind(this)');
    // After a fatal error it reads nothing any more.
    expect(made).toContain('this.parse = () =>');
    const { Client } = load('ssh2') as { Client: { prototype: { connect: () => void } } };
    expect(String(Client.prototype.connect)).toContain('proto.parse(data, 0, data.length)');
  });

  it('has a handler for global requests, by number', () => {
    const handlers = load('ssh2/lib/protocol/handlers.js') as unknown as unknown[];
    expect(typeof handlers[80]).toBe('function');
  });

  it('calls the callbacks of ping() in their order', () => {
    const { prototype } = load('ssh2/lib/protocol/Protocol.js') as unknown as {
      prototype: Record<string, unknown>;
    };
    expect(String(prototype['ping'])).toContain('PING_PAYLOAD');
    const { Client } = load('ssh2') as { Client: { prototype: { connect: () => void } } };
    const connect = String(Client.prototype.connect);
    expect(connect).toContain('let callbacks = this._callbacks = [];');
    expect(connect).toContain('callbacks.shift()');
  });

  it('starts a key exchange by rekey(), and reports its end by an event', () => {
    const { prototype } = load('ssh2/lib/protocol/Protocol.js') as unknown as {
      prototype: Record<string, unknown>;
    };
    expect(prototype['rekey']).toHaveLength(0);
    const { Client } = load('ssh2') as { Client: { prototype: { connect: () => void } } };
    expect(String(Client.prototype.connect)).toContain("this.emit('handshake'");
  });

  it('sends packets through sendPacket, which takes the protocol and the packet', () => {
    expect(load('ssh2/lib/protocol/utils.js')['sendPacket']).toHaveLength(3);
  });

  it("derives keys with tweetnacl's hash if bcrypt-pbkdf is loaded", () => {
    const path = createRequire(require.resolve('ssh2')).resolve('bcrypt-pbkdf');
    const hash = "var crypto_hash_sha512 = require('tweetnacl').lowlevel.crypto_hash;";
    expect(readFileSync(path, 'utf8')).toContain(hash);
  });

  it('shows by _kexinit that a key exchange is in progress', () => {
    const { prototype } = load('ssh2/lib/protocol/Protocol.js') as unknown as {
      prototype: Record<string, unknown>;
    };
    expect(String(prototype['rekey'])).toContain('this._kexinit === undefined');
  });

  it('allocates packets where sendMessage writes them', () => {
    const { PacketWriter } = load('ssh2/lib/protocol/zlib.js') as {
      PacketWriter: new (protocol: object) => object;
    };
    const writer = new PacketWriter({ _cipher: { allocPacket } }) as {
      allocStart: number;
      alloc(bytes: number): Buffer;
      finalize(packet: Buffer): Buffer;
    };
    expect(writer.allocStart).toBe(5);
    const packet = writer.alloc(3);
    expect(writer.finalize(packet)).toBe(packet);
  });

  it('lays out a packet by the size of its payload only: header, payload, padding', () => {
    const { createCipher } = load('ssh2/lib/protocol/crypto.js') as {
      createCipher: (config: object) => { allocPacket(bytes: number): Buffer };
    };
    const { CIPHER_INFO } = load('ssh2/lib/protocol/crypto.js') as {
      CIPHER_INFO: Record<string, object>;
    };
    const cipher = createCipher({
      outbound: {
        seqno: 0,
        onWrite: () => undefined,
        cipherInfo: CIPHER_INFO['aes128-gcm@openssh.com'],
        cipherKey: Buffer.alloc(16),
        cipherIV: Buffer.alloc(12),
      },
    });
    const [one, other] = [cipher.allocPacket(20_000), cipher.allocPacket(20_000)];
    expect(one.subarray(0, 5)).toEqual(other.subarray(0, 5));
    expect(one.length).toBe(other.length);
    expect(one[4]).toBeGreaterThanOrEqual(4);
    expect(one.readUInt32BE()).toBe(1 + 20_000 + (one[4] ?? 0));
  });

  it('names the algorithms that it can negotiate', () => {
    expect(SUPPORTED.kex).toContain('curve25519-sha256');
    // A server's own group would have to be checked, which blocks the agent for long.
    expect(SUPPORTED.kex.filter((name) => name.includes('group-exchange'))).toEqual([]);
    expect(SUPPORTED.serverHostKey).toContain('ssh-ed25519');
    expect(SUPPORTED.cipher).toContain('aes128-gcm@openssh.com');
    expect(SUPPORTED.hmac).toContain('hmac-sha2-256');
    expect(SUPPORTED.compress).toContain('zlib@openssh.com');
  });
});
