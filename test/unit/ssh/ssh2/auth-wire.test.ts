/** Which copies of a sent request remain in memory, and when it is sent. */
import { expect, test } from 'vitest';
import { SshpoolError } from '../../../../src/base/errors.ts';
import { Ssh2AuthWire } from '../../../../src/ssh/ssh2/auth-wire.ts';
import type { Protocol } from '../../../../src/ssh/ssh2/protocol.ts';

const PLAIN = 'a request with a secret';
const ZEROES = Buffer.alloc(PLAIN.length);

interface Fake {
  readonly wire: Ssh2AuthWire;
  /** The packets that are being sent: their memory must not change until then. */
  readonly leaving: Buffer[];
  /** All memory that was allocated for packets. */
  readonly packets: Buffer[];
  /** Starts or ends a key exchange. */
  readonly exchange: (isUnderWay: boolean) => void;
}

/** A connection whose cipher encrypts in place, or into its own memory. */
function fake(inPlace: boolean): Fake {
  const leaving: Buffer[] = [];
  const packets: Buffer[] = [];
  const state: { _kexinit: Buffer | undefined } = { _kexinit: undefined };
  const protocol = Object.assign(state, {
    _handlers: {},
    _packetRW: {
      write: {
        allocStart: 5,
        alloc: (bytes: number) => {
          const packet = Buffer.alloc(5 + bytes + 8);
          packets.push(packet);
          return packet;
        },
        finalize: (packet: Buffer) => packet,
      },
    },
    _cipher: {
      encrypt: (packet: Buffer) => {
        const encrypted = packet.map((byte) => byte ^ 0xff);
        if (inPlace) packet.set(encrypted);
        leaving.push(inPlace ? packet : Buffer.from(encrypted));
      },
    },
  });
  return {
    wire: new Ssh2AuthWire(protocol as unknown as Protocol),
    ...{ leaving, packets },
    exchange: (isUnderWay) => (state._kexinit = isUnderWay ? Buffer.alloc(1) : undefined),
  };
}

const received = ([packet = Buffer.alloc(0)]: readonly Buffer[]): string =>
  Buffer.from(packet.map((byte) => byte ^ 0xff)).toString('latin1', 5, 5 + PLAIN.length);

test.each([true, false])(
  'a sent request leaves no copy in memory; cipher in place: %s',
  (inPlace) => {
    const { wire, leaving, packets } = fake(inPlace);
    const request = Buffer.from(PLAIN);
    wire.send(request);
    expect(received(leaving)).toBe(PLAIN);
    expect(request).toEqual(ZEROES);
    expect(packets.filter((packet) => packet.includes(PLAIN))).toEqual([]);
  },
);

test('a request waits for the end of a key exchange', () => {
  const { wire, leaving, exchange } = fake(false);
  exchange(true);
  const request = Buffer.from(PLAIN);
  wire.send(request);
  expect(leaving).toEqual([]);
  exchange(false);
  wire.flush();
  expect(received(leaving)).toBe(PLAIN);
  expect(request).toEqual(ZEROES);
  wire.flush();
  expect(leaving).toHaveLength(1);
});

test('a request that cannot be sent any more leaves no copy in memory', () => {
  const { wire, leaving, exchange } = fake(false);
  exchange(true);
  const [waiting, late] = [Buffer.from(PLAIN), Buffer.from(PLAIN)];
  wire.send(waiting);
  wire.fail(SshpoolError.of('CONNECTION_LOST', { host: 'web', reason: 'gone' }));
  wire.send(late);
  expect(leaving).toEqual([]);
  expect([waiting, late]).toEqual([ZEROES, ZEROES]);
});
