import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  decodeChannelMessage,
  encodeChannelMessage as encodeParts,
  type ChannelMessage,
} from '../../../../src/ssh/channel/messages.ts';
import { channelMessage, verdictOf } from '../../../support/arbitrary.ts';

const encode = (message: ChannelMessage): Buffer => Buffer.concat(encodeParts(message));

test('every message is decoded from its encoding unchanged', () => {
  fc.assert(
    fc.property(channelMessage, (message) => {
      expect(decodeChannelMessage(encode(message))).toEqual(message);
    }),
  );
});

test('the message number is the first byte', () => {
  expect(encode({ type: 'close', recipient: 1 })).toEqual(Buffer.from([97, 0, 0, 0, 1]));
  expect(encode({ type: 'failure', recipient: 258 })).toEqual(Buffer.from([100, 0, 0, 1, 2]));
});

test('the payload of a request follows want reply', () => {
  const bytes = encode({
    type: 'request',
    recipient: 1,
    name: 'ab',
    wantReply: true,
    payload: Buffer.from('xyz'),
  });
  expect(bytes.toString('hex')).toBe('62000000010000000261620178797a');
});

test('data is a view of the payload, not a copy', () => {
  const bytes = encode({ type: 'data', recipient: 0, data: Buffer.from('data') });
  const message = decodeChannelMessage(bytes);
  bytes[9] = 'D'.charCodeAt(0);
  expect(message.type === 'data' && message.data.toString()).toBe('Data');
});

test('random bytes are a message or a protocol error', () => {
  const payload = fc.oneof(
    fc.uint8Array(),
    fc
      .tuple(fc.integer({ min: 85, max: 105 }), fc.uint8Array())
      .map(([number, rest]) => Uint8Array.of(number, ...rest)),
  );
  fc.assert(
    fc.property(payload, (bytes) => {
      expect(['ok', 'PROTOCOL']).toContain(
        verdictOf(() => decodeChannelMessage(Buffer.from(bytes))),
      );
    }),
  );
});

test('a message that is cut short is a protocol error', () => {
  fc.assert(
    fc.property(channelMessage, fc.nat(), (message, cut) => {
      fc.pre(message.type !== 'open' && message.type !== 'request');
      const bytes = encode(message);
      // The language tag at the end of an open-failure is not read.
      const end = message.type === 'open-failure' ? bytes.length - 4 : bytes.length;
      const part = bytes.subarray(0, cut % end);
      expect(() => decodeChannelMessage(part)).toThrow(/malformed message/);
    }),
  );
});

test('an unknown message number is named in the error', () => {
  expect(() => decodeChannelMessage(Buffer.of(80, 0))).toThrow(
    'malformed message: message 80 is not a channel message',
  );
});
