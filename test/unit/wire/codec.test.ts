import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { Writer } from '../../../src/base/bytes.ts';
import { decodeMessage, encodeMessage as encodeParts } from '../../../src/wire/codec.ts';
import { MESSAGES, type Message } from '../../../src/wire/protocol.ts';
import { verdictOf, wireMessage } from '../../support/arbitrary.ts';

const encode = (message: Message): Buffer => Buffer.concat(encodeParts(message));

test('every message is decoded from its encoding unchanged', () => {
  fc.assert(
    fc.property(wireMessage, (message) => {
      expect(decodeMessage(encode(message))).toEqual(message);
    }),
    { numRuns: 500 },
  );
});

test('the bytes of a stream are not copied', () => {
  const data = Buffer.alloc(32 * 1024);
  expect(encodeParts({ type: 'stdout', data }).at(-1)).toBe(data);
});

test('no two messages have the same number', () => {
  const numbers = Object.values(MESSAGES).map(({ number }) => number);
  expect(new Set(numbers).size).toBe(numbers.length);
});

test('the layout of hello never changes', () => {
  const hello: Message = { type: 'hello', protocol: 1, version: 'v', capabilities: ['ask'] };
  expect(encode(hello).toString('hex')).toBe(
    ['01', '00000001', '00000001', '76', '00000001', '00000003', '61736b'].join(''),
  );
});

test('the layout of retire never changes', () => {
  expect(encode({ type: 'retire' })).toEqual(Buffer.of(2));
});

test('a message of a newer peer is undefined', () => {
  expect(decodeMessage(Buffer.of(255, 1, 2, 3))).toBeUndefined();
});

test('random bytes are a message, an unknown message, or a protocol error', () => {
  const known = fc.constantFrom(...Object.values(MESSAGES).map(({ number }) => number));
  fc.assert(
    fc.property(known, fc.uint8Array({ maxLength: 60 }), (number, rest) => {
      const verdict = verdictOf(() => decodeMessage(Buffer.of(number, ...rest)));
      expect(['ok', 'PROTOCOL']).toContain(verdict);
    }),
    { numRuns: 500 },
  );
});

test('an empty body is a protocol error', () => {
  expect(() => decodeMessage(Buffer.alloc(0))).toThrow('malformed message: cut short at byte 0');
});

test('bytes after the last field are a protocol error', () => {
  fc.assert(
    fc.property(wireMessage, (message) => {
      const longer = Buffer.concat([encode(message), Buffer.of(0)]);
      expect(() => decodeMessage(longer)).toThrow(`${message.type} is too long`);
    }),
  );
});

test('a message that is cut short is a protocol error', () => {
  fc.assert(
    fc.property(wireMessage, fc.nat(), (message, cut) => {
      const body = encode(message);
      fc.pre(body.length > 1);
      const part = body.subarray(0, 1 + (cut % (body.length - 1)));
      expect(() => decodeMessage(part)).toThrow(/cut short/);
    }),
  );
});

test('a list that claims more elements than there are bytes fails at once', () => {
  const body = new Writer().byte(MESSAGES.environment.number).u32(0xffff_ffff).finish();
  expect(() => decodeMessage(body)).toThrow(/cut short/);
});

test('a message with a missing field is not sent', () => {
  const incomplete = { type: 'note' } as unknown as Message;
  expect(() => encode(incomplete)).toThrow('note has no text');
});
