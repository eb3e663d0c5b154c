import { view } from '../../../../src/base/borrowed.ts';
import * as fc from 'fast-check';
import { beforeEach, describe, expect, it, test } from 'vitest';
import { SshpoolError } from '../../../../src/base/errors.ts';
import {
  Channel,
  MAX_PACKET,
  WINDOW,
  type ChannelEvents,
} from '../../../../src/ssh/channel/channel.ts';
import type { ChannelMessage } from '../../../../src/ssh/channel/messages.ts';
import { channelMessage } from '../../../support/arbitrary.ts';

const lost = SshpoolError.of('CONNECTION_LOST', { host: 'h', reason: 'r' });
const NOTHING = Buffer.alloc(0);

let sent: ChannelMessage[] = [];
let told: string[] = [];
let channel: Channel;

function events(): ChannelEvents {
  return {
    onOpen: () => told.push('open'),
    onRefused: (reason, description) => told.push(`refused ${reason} ${description}`),
    onData: (data) => told.push(`data ${view(data).toString()}`),
    onStderr: (data) => told.push(`stderr ${view(data).toString()}`),
    onEof: () => told.push('eof'),
    onWindow: (bytes) => told.push(`window ${bytes}`),
    onRequest: (name) => {
      told.push(`request ${name}`);
      return name === 'granted';
    },
    onClose: (error) => told.push(error ? `closed ${error.code}` : 'closed'),
  };
}

const confirm = (window = 100, maxPacket = 10): boolean =>
  channel.receive({ type: 'open-confirmation', recipient: 0, sender: 7, window, maxPacket });
const close = (): boolean => channel.receive({ type: 'close', recipient: 0 });
const request = (name: string, wantReply: boolean): boolean =>
  channel.receive({ type: 'request', recipient: 0, name, wantReply, payload: NOTHING });
const kinds = (): string[] => sent.map(({ type }) => type);

beforeEach(() => {
  sent = [];
  told = [];
  channel = new Channel((message) => sent.push(message), WINDOW, events());
});

describe('opening', () => {
  it("ends with the server's confirmation", () => {
    expect(confirm()).toBe(true);
    expect([channel.phase, channel.sendWindow, told]).toEqual(['open', 100, ['open']]);
  });

  it("ends with the server's refusal", () => {
    const refusal = { reason: 4, description: 'full' };
    expect(channel.receive({ type: 'open-failure', recipient: 0, ...refusal })).toBe(true);
    expect([channel.phase, told]).toEqual(['closed', ['refused 4 full']]);
  });

  it('refuses a confirmation with a maximum packet size of 0', () => {
    expect(confirm(100, 0)).toBe(false);
  });

  it('accepts only one answer', () => {
    confirm();
    expect(confirm()).toBe(false);
    expect(
      channel.receive({ type: 'open-failure', recipient: 0, reason: 1, description: '' }),
    ).toBe(false);
  });

  it('that is cancelled closes the channel as soon as it is confirmed', () => {
    channel.close();
    expect([channel.phase, sent]).toEqual(['abandoned', []]);
    confirm();
    expect(sent).toEqual([{ type: 'close', recipient: 7 }]);
    close();
    expect(told).toEqual(['closed']);
  });

  it('that is cancelled may still be refused', () => {
    channel.close();
    channel.receive({ type: 'open-failure', recipient: 0, reason: 1, description: 'no' });
    expect([channel.phase, told]).toEqual(['closed', ['refused 1 no']]);
  });

  it('ends with the link', () => {
    channel.lose(lost);
    expect([channel.phase, told]).toEqual(['closed', ['closed CONNECTION_LOST']]);
  });

  it('fails requests, and sends no data', () => {
    const replies: boolean[] = [];
    channel.request('x', NOTHING, (granted) => replies.push(granted));
    channel.write(NOTHING);
    channel.end();
    expect([replies, sent]).toEqual([[false], []]);
  });

  it('is not closed by the server', () => {
    expect(close()).toBe(false);
  });
});

describe('writing', () => {
  it("splits data into packets of the server's maximum size", () => {
    confirm(100, 4);
    channel.write(Buffer.from('abcdefghij'));
    expect(sent.map((message) => message.type === 'data' && message.data.toString())).toEqual([
      'abcd',
      'efgh',
      'ij',
    ]);
    expect(channel.sendWindow).toBe(90);
  });

  it("never makes packets larger than sshpool's own limit", () => {
    confirm(WINDOW, 0xffff_ffff);
    channel.write(Buffer.alloc(MAX_PACKET + 1));
    expect(sent).toHaveLength(2);
  });

  it('more than the window throws an error', () => {
    confirm(3);
    expect(() => channel.write(Buffer.from('abcd'))).toThrow(RangeError);
    expect(sent).toEqual([]);
  });

  it('continues as the server grants more', () => {
    confirm(0);
    channel.receive({ type: 'window-adjust', recipient: 0, bytes: 5 });
    channel.write(Buffer.from('abc'));
    expect([channel.sendWindow, told]).toEqual([2, ['open', 'window 5']]);
  });

  it('ends with one end of file', () => {
    confirm();
    channel.end();
    channel.end();
    channel.write(Buffer.from('x'));
    expect(sent).toEqual([{ type: 'eof', recipient: 7 }]);
  });
});

describe('reading', () => {
  beforeEach(() => confirm());

  it('separates data, standard error and end of file', () => {
    channel.receive({ type: 'data', recipient: 0, data: Buffer.from('out') });
    channel.receive({ type: 'extended-data', recipient: 0, code: 1, data: Buffer.from('err') });
    channel.receive({ type: 'eof', recipient: 0 });
    expect(told).toEqual(['open', 'data out', 'stderr err', 'eof']);
  });

  it('grants consumed bytes again, in portions', () => {
    channel.consume(WINDOW / 8 - 1);
    expect(sent).toEqual([]);
    channel.consume(1);
    expect(sent).toEqual([{ type: 'window-adjust', recipient: 7, bytes: WINDOW / 8 }]);
  });

  it('refuses data beyond the window', () => {
    expect(channel.receive({ type: 'data', recipient: 0, data: Buffer.alloc(WINDOW) })).toBe(true);
    expect(channel.receive({ type: 'data', recipient: 0, data: Buffer.alloc(1) })).toBe(false);
  });

  it('accepts as many bytes again as were consumed', () => {
    const data = Buffer.alloc(WINDOW);
    channel.receive({ type: 'data', recipient: 0, data });
    channel.consume(WINDOW);
    expect(channel.receive({ type: 'data', recipient: 0, data })).toBe(true);
  });

  it('drops extended data of an unknown type, but counts it', () => {
    const data = Buffer.alloc(WINDOW / 8);
    channel.receive({ type: 'extended-data', recipient: 0, code: 2, data });
    expect(told).toEqual(['open']);
    expect(kinds()).toEqual(['window-adjust']);
  });

  it("drops data that arrives after the client's CLOSE", () => {
    channel.close();
    channel.receive({ type: 'data', recipient: 0, data: Buffer.from('late') });
    channel.receive({ type: 'eof', recipient: 0 });
    channel.receive({ type: 'window-adjust', recipient: 0, bytes: 1 });
    expect(told).toEqual(['open']);
  });
});

describe('requests', () => {
  beforeEach(() => confirm());

  it('get their replies in order', () => {
    const replies: string[] = [];
    channel.request('a', NOTHING, (granted) => replies.push(`a ${granted}`));
    channel.request('unanswered', NOTHING);
    channel.request('b', NOTHING, (granted) => replies.push(`b ${granted}`));
    channel.receive({ type: 'failure', recipient: 0 });
    channel.receive({ type: 'success', recipient: 0 });
    expect(replies).toEqual(['a false', 'b true']);
    expect(sent.map((message) => message.type === 'request' && message.wantReply)).toEqual([
      true,
      false,
      true,
    ]);
  });

  it('without a request are ignored', () => {
    expect(channel.receive({ type: 'success', recipient: 0 })).toBe(true);
    expect(channel.receive({ type: 'failure', recipient: 0 })).toBe(true);
  });

  it('that are open at the end of the channel fail', () => {
    const replies: boolean[] = [];
    channel.request('a', NOTHING, (granted) => replies.push(granted));
    close();
    expect(replies).toEqual([false]);
  });

  it.each([
    ['granted', 'success'],
    ['unknown', 'failure'],
  ])('of the server: %s is answered with %s', (name, reply) => {
    request(name, true);
    expect(sent).toEqual([{ type: reply, recipient: 7 }]);
  });

  it('of the server without want reply get no reply', () => {
    request('unknown', false);
    expect(sent).toEqual([]);
  });

  it("of the server are not answered after the client's CLOSE", () => {
    channel.close();
    request('granted', true);
    expect([kinds(), told]).toEqual([['close'], ['open']]);
  });
});

describe('closing', () => {
  beforeEach(() => confirm());

  it('by the server is answered with CLOSE', () => {
    expect(close()).toBe(true);
    expect(sent).toEqual([{ type: 'close', recipient: 7 }]);
    expect([channel.phase, told]).toEqual(['closed', ['open', 'closed']]);
  });

  it("by the client ends with the server's CLOSE", () => {
    channel.close();
    channel.close();
    expect([channel.phase, told]).toEqual(['closing', ['open']]);
    close();
    expect([kinds(), told]).toEqual([['close'], ['open', 'closed']]);
  });

  it('happens once', () => {
    close();
    expect(close()).toBe(false);
    channel.lose(lost);
    channel.close();
    expect(told).toEqual(['open', 'closed']);
  });

  it('with the link reports the reason', () => {
    channel.lose(lost);
    expect([sent, told]).toEqual([[], ['open', 'closed CONNECTION_LOST']]);
  });

  it('does not report open channels a second time', () => {
    const open = { channelType: 'x', sender: 1, window: 1, maxPacket: 1, extra: NOTHING };
    expect(channel.receive({ type: 'open', ...open })).toBe(false);
  });
});

type Step =
  | { readonly by: 'server'; readonly message: ChannelMessage }
  | { readonly by: 'us'; readonly act: 'write' | 'end' | 'request' | 'consume' | 'close' | 'lose' };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ by: fc.constant('server'), message: channelMessage }) },
  {
    weight: 2,
    arbitrary: fc.record({
      by: fc.constant('us'),
      act: fc.constantFrom('write', 'end', 'request', 'consume', 'close', 'lose'),
    }),
  },
);

function act(name: Extract<Step, { by: 'us' }>['act']): void {
  if (name === 'write') channel.write(Buffer.alloc(Math.min(channel.sendWindow, 50)));
  else if (name === 'request') channel.request('r', NOTHING, () => undefined);
  else if (name === 'consume') channel.consume(WINDOW / 8);
  else if (name === 'lose') channel.lose(lost);
  else channel[name]();
}

function anyCourse(check: (granted: number) => void): void {
  fc.assert(
    fc.property(fc.boolean(), fc.array(step, { maxLength: 40 }), (opened, steps) => {
      [sent, told] = [[], []];
      channel = new Channel((message) => sent.push(message), WINDOW, events());
      let granted = 0;
      if (opened && confirm(20, 7)) granted = 20;
      for (const one of steps) {
        if (one.by === 'us') act(one.act);
        else {
          const { phase } = channel;
          const legal = channel.receive(one.message);
          const { message } = one;
          if (message.type === 'window-adjust') granted += message.bytes;
          // A confirmation sets the window, whatever was granted before.
          if (message.type === 'open-confirmation' && legal && phase === 'opening') {
            granted = message.window;
          }
        }
      }
      check(granted);
    }),
    { numRuns: 400 },
  );
}

describe('for any sequence of actions of server and client', () => {
  it('the end is reported at most once, and nothing after it', () => {
    anyCourse(() => {
      const ends = told.filter((text) => text.startsWith('closed') || text.startsWith('refused'));
      expect(ends.length).toBe(channel.phase === 'closed' ? 1 : 0);
      expect(ends.length === 0 || told.at(-1) === ends[0]).toBe(true);
    });
  });

  it('nothing is sent after CLOSE', () => {
    expect.hasAssertions();
    anyCourse(() => {
      const at = kinds().indexOf('close');
      expect(at < 0 ? [] : kinds().slice(at + 1)).toEqual([]);
    });
  });

  it('no data is sent after EOF', () => {
    expect.hasAssertions();
    anyCourse(() => {
      const at = kinds().indexOf('eof');
      expect(at < 0 ? [] : kinds().slice(at + 1)).not.toContain('data');
    });
  });

  it('no more data is sent than was granted', () => {
    expect.hasAssertions();
    anyCourse((granted) => {
      const bytes = sent.reduce((n, m) => n + (m.type === 'data' ? m.data.length : 0), 0);
      expect(bytes).toBeLessThanOrEqual(granted);
      expect(channel.sendWindow).toBeGreaterThanOrEqual(0);
    });
  });
});

describe('a server with invalid values', () => {
  it('violates the protocol by a window of more than 32 bits', () => {
    confirm(2 ** 32 - 2);
    const adjust = (bytes: number): boolean =>
      channel.receive({ type: 'window-adjust', recipient: 0, bytes });
    expect([adjust(1), adjust(1), channel.sendWindow]).toEqual([true, false, 2 ** 32 - 1]);
  });

  it('violates the protocol by data or requests before its answer to the open', () => {
    const data = Buffer.from('x');
    expect(channel.receive({ type: 'data', recipient: 0, data })).toBe(false);
    expect(channel.receive({ type: 'window-adjust', recipient: 0, bytes: 1 })).toBe(false);
    expect(request('any', true)).toBe(false);
  });

  it('has data after its EOF dropped', () => {
    confirm();
    channel.receive({ type: 'eof', recipient: 0 });
    channel.receive({ type: 'data', recipient: 0, data: Buffer.from('x') });
    channel.receive({ type: 'eof', recipient: 0 });
    expect(told).toEqual(['open', 'eof']);
  });

  it('gets packets of one byte, at most a thousand at once', () => {
    confirm(1_000_000, 1);
    expect(channel.bytesAtOnce).toBe(1024);
    channel.write(Buffer.from('ab'));
    expect(kinds()).toEqual(['data', 'data']);
  });
});

test('a channel counts the bytes that it sent and the server has not granted again', () => {
  confirm(0);
  channel.receive({ type: 'window-adjust', recipient: 0, bytes: 100 });
  channel.write(Buffer.alloc(60));
  expect(channel.unconfirmed).toBe(60);
  channel.receive({ type: 'window-adjust', recipient: 0, bytes: 50 });
  expect(channel.unconfirmed).toBe(10);
});
