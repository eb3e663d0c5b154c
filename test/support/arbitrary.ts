/** Values for property tests. */
import * as fc from 'fast-check';
import type { ChannelMessage } from '../../src/ssh/channel/messages.ts';
import { SshpoolError } from '../../src/base/errors.ts';
import { MESSAGES, type Message } from '../../src/wire/protocol.ts';

const u8 = fc.integer({ min: 0, max: 255 });
const u32 = fc.oneof(fc.nat(300), fc.integer({ min: 0, max: 0xffff_ffff }));
const text = fc.string({ unit: 'grapheme', maxLength: 40 });

export const bytes = (maxLength = 100): fc.Arbitrary<Buffer> =>
  fc.uint8Array({ maxLength }).map((array) => Buffer.from(array));

const type = <T extends string>(name: T): fc.Arbitrary<T> => fc.constant(name);

/** Every kind of channel message, with any values. */
export const channelMessage: fc.Arbitrary<ChannelMessage> = fc.oneof(
  fc.record({
    type: type('open'),
    channelType: text,
    sender: u32,
    window: u32,
    maxPacket: u32,
    extra: bytes(),
  }),
  fc.record({
    type: type('open-confirmation'),
    recipient: u32,
    sender: u32,
    window: u32,
    maxPacket: u32,
  }),
  fc.record({ type: type('open-failure'), recipient: u32, reason: u32, description: text }),
  fc.record({ type: type('window-adjust'), recipient: u32, bytes: u32 }),
  fc.record({ type: type('data'), recipient: u32, data: bytes() }),
  fc.record({ type: type('extended-data'), recipient: u32, code: u32, data: bytes() }),
  fc.record({ type: type('eof'), recipient: u32 }),
  fc.record({ type: type('close'), recipient: u32 }),
  fc.record({
    type: type('request'),
    recipient: u32,
    name: text,
    wantReply: fc.boolean(),
    payload: bytes(),
  }),
  fc.record({ type: type('success'), recipient: u32 }),
  fc.record({ type: type('failure'), recipient: u32 }),
);

const FIELD = {
  u8,
  u32,
  bool: fc.boolean(),
  text,
  bytes: bytes(),
  'text[]': fc.array(text, { maxLength: 5 }),
  'bytes[]': fc.array(bytes(20), { maxLength: 5 }),
};

/** Every message between caller and agent, from the protocol's table. */
export const wireMessage: fc.Arbitrary<Message> = fc.oneof(
  ...Object.entries(MESSAGES).map(([name, { fields }]) =>
    fc.record({
      type: fc.constant(name),
      ...Object.fromEntries(
        Object.entries<readonly [keyof typeof FIELD, string]>(fields).map(([field, [kind]]) => [
          field,
          FIELD[kind],
        ]),
      ),
    }),
  ),
) as fc.Arbitrary<unknown> as fc.Arbitrary<Message>;

/** `ok`, or the code of the SshpoolError that `run` throws; any other error is rethrown. */
export function verdictOf(run: () => unknown): string {
  try {
    run();
    return 'ok';
  } catch (thrown) {
    if (thrown instanceof SshpoolError) return thrown.code;
    throw thrown;
  }
}
