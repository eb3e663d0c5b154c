/** Input of ssh2 over a stream in memory; the test cuts it into pieces. */
import { once } from 'node:events';
import { Duplex } from 'node:stream';
import ssh2 from 'ssh2';
import { describe, expect, it } from 'vitest';
import { generateKey } from '../../../../demo/embedded-server.js';
import { Writer } from '../../../../src/base/bytes.ts';
import { type Protocol, protocolOf, Client } from '../../../../src/ssh/ssh2/protocol.ts';
import { sendMessage } from '../../../../src/ssh/ssh2/packets.ts';
import { Ssh2Reading } from '../../../../src/ssh/ssh2/reading.ts';

/** One side reads what the other writes, in the pieces that `cut` makes. */
class Half extends Duplex {
  other: Half | undefined;
  bytesRead = 0;
  bytesWritten = 0;
  readonly #cut: (chunk: Buffer) => readonly Buffer[];

  constructor(cut: (chunk: Buffer) => readonly Buffer[] = (chunk) => [chunk]) {
    super();
    this.#cut = cut;
  }

  override _read(): void {
    // Data is pushed instead.
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    // Later, as over a network: no side reads during its own write.
    setImmediate(() => {
      for (const piece of this.#cut(chunk)) this.other?.push(piece);
      done();
    });
  }

  override _final(done: () => void): void {
    this.other?.push(null);
    done();
  }

  unref(): void {
    // It keeps no process alive.
  }
}

/** A client that reads the output of an ssh2 server, cut into pieces; `first` comes before it. */
function connect(cut: (chunk: Buffer) => readonly Buffer[], first = '', ident = 'box') {
  const [ours, theirs] = [new Half(), new Half(cut)];
  [ours.other, theirs.other] = [theirs, ours];
  let far: Protocol | undefined;
  const server = new ssh2.Server({ hostKeys: [generateKey().private], ident }, (connection) => {
    connection.on('error', () => undefined);
    connection.on('authentication', (context) => context.accept());
    far = (connection as unknown as { readonly _protocol: Protocol })._protocol;
  });
  if (first !== '') theirs.write(first);
  const client = new Client();
  const errors: string[] = [];
  client.on('error', (error) => errors.push(error.message));
  client.connect({ sock: ours, username: 'any', hostVerifier: () => true });
  const reading = new Ssh2Reading(protocolOf(client), ours);
  server.injectSocket(theirs as unknown as Parameters<ssh2.Server['injectSocket']>[0]);
  const send = (payload: Buffer): void => {
    if (far) sendMessage(far, [payload]);
  };
  const closed = new Promise<void>((resolve) => void client.once('close', resolve));
  return { client, ours, reading, errors, send, closed };
}

const bytes = (chunk: Buffer): Buffer[] => [...chunk].map((byte) => Buffer.of(byte));
const thirds = (chunk: Buffer): Buffer[] => {
  const third = Math.ceil(chunk.length / 3);
  return [0, 1, 2].map((index) => chunk.subarray(index * third, (index + 1) * third));
};

describe('the identification of a server', () => {
  it.each([
    ['in three pieces', thirds, ''],
    ['byte by byte', bytes, ''],
    ['byte by byte after a banner', bytes, 'Welcome\r\nSSH\n\n'],
  ])('may come %s', async (_, cut, first) => {
    const { client, ours, errors, reading } = connect(cut, first);
    await once(client, 'ready');
    expect([errors, reading.insteadOfSsh]).toEqual([[], undefined]);
    ours.destroy();
  });

  it('may contain more than ASCII, as for ssh', async () => {
    const { client, ours, errors } = connect(bytes, '', 'K\u00fcste_1.0 \u4f60\u597d');
    await once(client, 'ready');
    expect(errors).toEqual([]);
    ours.destroy();
  });

  it('must come within the limits of ssh', async () => {
    const { closed, errors } = connect((chunk) => [chunk], 'hello\r\n'.repeat(1024));
    await closed;
    expect(errors[0]).toBe(
      'kex_exchange_identification: No SSH version received in first 1024 lines from server',
    );
  });
});

describe('a server after the login', () => {
  const request = new Writer().byte(80).string('any').bool(true).finish();

  it('gets replies to its requests within a budget', async () => {
    const { client, closed, errors, send } = connect((chunk) => [chunk]);
    await once(client, 'ready');
    for (let count = 0; count < 4000; count++) send(request);
    await closed;
    expect(errors[0]).toMatch(/^the server sends too many requests/);
  });

  it("announces its host keys once, in ssh's format", async () => {
    const { client, closed, errors, send } = connect((chunk) => [chunk]);
    await once(client, 'ready');
    const announcement = new Writer().byte(80).string('hostkeys-00@openssh.com').bool(false);
    for (let count = 0; count < 2; count++) send(announcement.finish());
    await closed;
    expect(errors[0]).toBe('server already sent hostkeys');
  });

  it('has all its messages read in order, however many there are', async () => {
    const heard: number[] = [];
    const { client, ours, send } = connect((chunk) => [chunk]);
    await once(client, 'ready');
    const protocol = protocolOf(client);
    const all = new Promise<void>((resolve) => {
      protocol._handlers['DEBUG'] = (_: Protocol, _display: boolean, text: string) => {
        heard.push(Number(text));
        if (heard.length === 20_000) resolve();
      };
    });
    for (let count = 0; count < 20_000; count++) {
      send(new Writer().byte(4).bool(true).string(String(count)).string('').finish());
    }
    await all;
    expect(heard).toEqual(heard.map((_, index) => index));
    ours.destroy();
  });
});
