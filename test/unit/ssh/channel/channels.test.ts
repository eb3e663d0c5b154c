import { view } from '../../../../src/base/borrowed.ts';
import * as fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import type { SshpoolError } from '../../../../src/base/errors.ts';
import type { Channel, ChannelEvents } from '../../../../src/ssh/channel/channel.ts';
import { Channels } from '../../../../src/ssh/channel/channels.ts';
import { encodeChannelMessage } from '../../../../src/ssh/channel/messages.ts';
import { channelMessage } from '../../../support/arbitrary.ts';
import { FakeLink } from '../../../support/fake-link.ts';

const NOTHING = Buffer.alloc(0);
let link: FakeLink;
let channels: Channels;
let told: string[];
let heard: number;

function events(name: string): ChannelEvents {
  return {
    onOpen: () => told.push(`${name} open`),
    onRefused: () => told.push(`${name} refused`),
    onData: (data) => told.push(`${name} ${view(data).toString()}`),
    onStderr: (data) => told.push(`${name} err ${view(data).toString()}`),
    onEof: () => told.push(`${name} eof`),
    onWindow: (bytes) => told.push(`${name} window ${bytes}`),
    onRequest: (request) => {
      told.push(`${name} ${request}`);
      return false;
    },
    onClose: (error) => told.push(`${name} ${error ? 'lost' : 'closed'}`),
  };
}

function open(name: string): Channel {
  const channel = channels.create('session', NOTHING, events(name));
  channel.open();
  return channel;
}
const confirm = (recipient: number): void =>
  link.receive({ type: 'open-confirmation', recipient, sender: 9, window: 9, maxPacket: 9 });
const offer = (channelType: string, maxPacket = 9): void =>
  link.receive({ type: 'open', channelType, sender: 33, window: 5, maxPacket, extra: NOTHING });

beforeEach(() => {
  link = new FakeLink();
  [told, heard] = [[], 0];
  channels = new Channels(link, 'web', {
    onHeard: () => (heard += 1),
    onClosed: (error: SshpoolError) => told.push(`link ${error.code}`),
  });
  channels.start();
});

describe('channels', () => {
  it('have their own numbers and get only their own messages', () => {
    open('a');
    open('b');
    confirm(1);
    link.receive({ type: 'data', recipient: 1, data: Buffer.from('hi') });
    expect(link.sentOf('open').map(({ sender }) => sender)).toEqual([0, 1]);
    expect(told).toEqual(['b open', 'b hi']);
  });

  it('pass on everything that the server sends', () => {
    open('a');
    confirm(0);
    link.receive({ type: 'extended-data', recipient: 0, code: 1, data: Buffer.from('x') });
    link.receive({ type: 'window-adjust', recipient: 0, bytes: 1 });
    link.receive({
      type: 'request',
      recipient: 0,
      name: 'r',
      wantReply: false,
      payload: NOTHING,
    });
    link.receive({ type: 'eof', recipient: 0 });
    link.receive({ type: 'close', recipient: 0 });
    expect(told.slice(1)).toEqual(['a err x', 'a window 10', 'a r', 'a eof', 'a closed']);
  });

  it('are counted until they are closed or refused', () => {
    open('a');
    open('b').close();
    expect(channels.size).toBe(2);
    link.receive({ type: 'open-failure', recipient: 0, reason: 1, description: '' });
    expect(channels.size).toBe(1);
    confirm(1);
    expect(channels.size).toBe(1);
    link.receive({ type: 'close', recipient: 1 });
    expect(channels.size).toBe(0);
  });

  it('are lost with the link, after its owner was notified', () => {
    open('a');
    confirm(0);
    open('b');
    link.lose();
    expect(told).toEqual(['a open', 'link CONNECTION_LOST', 'a lost', 'b lost']);
  });

  it('report each message that arrives', () => {
    open('a');
    confirm(0);
    link.receive({ type: 'eof', recipient: 0 });
    expect(heard).toBe(2);
  });
});

describe('a server that violates the protocol', () => {
  it.each([
    ['with a message for no channel', { type: 'eof', recipient: 5 }, 'unexpected eof'],
    ['with a message for a closed channel', { type: 'eof', recipient: 1 }, 'unexpected eof'],
    ['with data for no channel', { type: 'data', recipient: 5, data: NOTHING }, 'unexpected data'],
  ] as const)('%s is disconnected', (_how, message, problem) => {
    open('a');
    confirm(0);
    open('b');
    confirm(1);
    link.receive({ type: 'close', recipient: 1 });
    link.receive(message);
    expect(link.destroyed?.message).toBe(
      `the connection to web was lost: malformed message: ${problem}`,
    );
  });

  it.each([
    { type: 'success' },
    { type: 'failure' },
    { type: 'window-adjust', bytes: 1 },
    { type: 'request', name: 'exit-status', wantReply: true, payload: NOTHING },
  ] as const)('with a late $type keeps its connection, as with ssh', (message) => {
    open('a');
    confirm(0);
    open('b');
    confirm(1);
    link.receive({ type: 'close', recipient: 1 });
    const sent = link.sent.length;
    for (const recipient of [1, 7]) link.receive({ ...message, recipient });
    expect([link.destroyed, link.sent.length, channels.size]).toEqual([undefined, sent, 1]);
  });

  it('with a reply to no request keeps its connection, as with ssh', () => {
    open('a');
    confirm(0);
    link.receive({ type: 'success', recipient: 0 });
    expect([link.destroyed, told]).toEqual([undefined, ['a open']]);
  });

  it('with bytes that are not a message is disconnected', () => {
    link.receiveBytes(Buffer.of(94, 0));
    expect(link.destroyed?.code).toBe('CONNECTION_LOST');
  });
});

describe('a channel that the server opens', () => {
  it('is refused if no handler accepts its type', () => {
    offer('x11');
    expect(link.sent).toEqual([
      { type: 'open-failure', recipient: 33, reason: 1, description: 'not asked for' },
    ]);
    expect(channels.size).toBe(0);
  });

  it('is confirmed if a handler accepts its type', () => {
    let given: (() => Channel) | undefined;
    channels.accept('mine', (channel) => {
      given = channel;
      return events('mine');
    });
    offer('mine');
    expect(link.sent).toMatchObject([{ type: 'open-confirmation', recipient: 33, sender: 0 }]);
    expect(told).toEqual(['mine open']);
    given?.().write(Buffer.from('12345'));
    expect(link.sent[1]).toMatchObject({ type: 'data', recipient: 33 });
  });

  it('is refused if the handler rejects it', () => {
    channels.accept('mine', () => undefined);
    offer('mine');
    expect(link.sent).toMatchObject([{ type: 'open-failure' }]);
  });

  it('is refused if 128 are open', () => {
    channels.accept('mine', () => events('mine'));
    for (let count = 0; count < 129; count++) offer('mine');
    expect(link.sent.at(-1)).toEqual({
      ...{ type: 'open-failure', recipient: 33, reason: 4, description: 'too many at a time' },
    });
    link.receive({ type: 'close', recipient: 0 });
    offer('mine');
    expect(link.sent.at(-1)).toMatchObject({ type: 'open-confirmation' });
  });

  it('violates the protocol if its maximum packet size is 0', () => {
    channels.accept('mine', () => events('mine'));
    offer('mine', 0);
    expect(link.destroyed?.message).toContain('unexpected open');
  });
});

it('no payload causes an exception', () => {
  const payload = fc.oneof(
    channelMessage.map((message) => Buffer.concat(encodeChannelMessage(message))),
    fc.uint8Array().map((bytes) => Buffer.from(bytes)),
  );
  fc.assert(
    fc.property(fc.array(payload, { maxLength: 10 }), (payloads) => {
      const other = new FakeLink();
      const made = new Channels(other, 'web', {
        onHeard: () => heard++,
        onClosed: () => undefined,
      });
      made.accept('', () => events('accepted'));
      made.start();
      made.create('session', NOTHING, events('a')).open();
      expect(() => payloads.forEach((one) => other.receiveBytes(one))).not.toThrow();
    }),
  );
});
