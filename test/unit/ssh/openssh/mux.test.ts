import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { Writer } from '../../../../src/base/bytes.ts';
import { FrameReader } from '../../../../src/base/frames.ts';
import {
  MUX_MAX_BYTES,
  muxPacket,
  muxRequests,
  readMuxPacket,
  readMuxReply,
} from '../../../../src/ssh/openssh/mux.ts';
import { bytes, verdictOf } from '../../../support/arbitrary.ts';

test('hello, the request for the process id and the proxy request are sent to a master together', () => {
  const bodies = new FrameReader(MUX_MAX_BYTES).push(muxRequests());
  expect(bodies.map((body) => body.toString('hex'))).toEqual([
    '0000000100000004',
    '1000000400000000',
    '1000000f00000001',
  ]);
});

test.each([
  [new Writer().u32(1).u32(4), { type: 'hello' }],
  [new Writer().u32(0x80000005).u32(0).u32(4711), { type: 'alive', pid: 4711 }],
  [new Writer().u32(0x8000000f).u32(1), { type: 'proxied' }],
  [new Writer().u32(0x80000002).u32(1).string('no'), { type: 'refused', reason: 'no' }],
  [new Writer().u32(0x80000003).u32(1).string('bad'), { type: 'refused', reason: 'bad' }],
])('an answer of a master is decoded: %#', (written, reply) => {
  expect(readMuxReply(written.finish())).toEqual(reply);
});

test.each([0, 1, 0x80000000, 0xffffffff])(
  '%i is not accepted as the process id of a master',
  (pid) => {
    const body = new Writer().u32(0x80000005).u32(0).u32(pid).finish();
    expect(() => readMuxReply(body)).toThrow(`process ${pid} as an OpenSSH master`);
  },
);

test('random bytes are an answer or a PROTOCOL error', () => {
  fc.assert(
    fc.property(bytes(20), (body) => {
      expect(verdictOf(() => readMuxReply(body))).toMatch(/^(ok|PROTOCOL)$/);
    }),
  );
});

test('a message is read unchanged from its packet, however it is cut into parts', () => {
  const parts = fc.array(bytes(), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(parts, (message) => {
      fc.pre(message.some(({ length }) => length > 0));
      const [body = Buffer.alloc(0)] = new FrameReader(MUX_MAX_BYTES).push(muxPacket(message));
      expect(readMuxPacket(body)).toEqual(Buffer.concat(message));
    }),
  );
});

test('a packet has its own memory: the parts may be overwritten at once', () => {
  const part = Buffer.from('abc');
  const packet = muxPacket([part]);
  part.fill(0);
  expect(packet.toString('latin1')).toContain('abc');
});

test('a packet without a message is refused', () => {
  expect(() => readMuxPacket(Buffer.of(0))).toThrow('an empty packet');
});
