import { once } from 'node:events';
import { buffer } from 'node:stream/consumers';
import { beforeEach, describe, expect, it } from 'vitest';
import { Reader } from '../../../../src/base/bytes.ts';
import type { SshpoolError } from '../../../../src/base/errors.ts';
import { WINDOW } from '../../../../src/ssh/channel/channel.ts';
import { Channels } from '../../../../src/ssh/channel/channels.ts';
import { Tunnel } from '../../../../src/ssh/channel/tunnel.ts';
import { FakeLink, settle } from '../../../support/fake-link.ts';

let link: FakeLink;
let told: string[];
let tunnel: Tunnel;

beforeEach(() => {
  link = new FakeLink();
  told = [];
  const channels = new Channels(link, 'hop', {
    onHeard: () => undefined,
    onClosed: () => undefined,
  });
  channels.start();
  tunnel = new Tunnel(
    channels,
    { host: 'inner', port: 2222 },
    {
      onOpen: () => told.push('open'),
      onRefused: (reason, words) => told.push(`refused ${reason} ${words}`),
      onClosed: (error: SshpoolError | undefined) => told.push(`closed ${error?.code ?? ''}`),
    },
  );
  tunnel.open();
});

const confirm = (window = 1000): void =>
  link.receive({ type: 'open-confirmation', recipient: 0, sender: 9, window, maxPacket: 100 });
const arrive = (data: Buffer): void => link.receive({ type: 'data', recipient: 0, data });
const written = (): string =>
  link.sentOf('data').reduce((all, { data }) => all + data.toString(), '');

describe('a tunnel', () => {
  it('is requested for a host behind the server (RFC 4254 section 7.2)', () => {
    const [open] = link.sentOf('open');
    const from = new Reader(open?.extra ?? Buffer.alloc(0));
    expect(open?.channelType).toBe('direct-tcpip');
    expect([from.text(), from.u32(), from.text(), from.u32(), from.done]).toEqual([
      ...['inner', 2222],
      ...['127.0.0.1', 65_535, true],
    ]);
  });

  it('is requested for a unix socket of the server (direct-streamlocal@openssh.com)', () => {
    const silent = { onHeard: () => undefined, onClosed: () => undefined };
    const other = new FakeLink();
    const events = { onOpen: () => 0, onRefused: () => 0, onClosed: () => 0 };
    new Tunnel(new Channels(other, 'box', silent), { path: '/run/x y' }, events).open();
    const [open] = other.sentOf('open');
    const from = new Reader(open?.extra ?? Buffer.alloc(0));
    expect(open?.channelType).toBe('direct-streamlocal@openssh.com');
    expect([from.text(), from.text(), from.u32(), from.done]).toEqual(['/run/x y', '', 0, true]);
  });

  it("carries bytes both ways, in packets of the server's maximum size", async () => {
    confirm();
    tunnel.end('x'.repeat(250));
    arrive(Buffer.from('answer'));
    link.receive({ type: 'eof', recipient: 0 });
    expect((await buffer(tunnel)).toString()).toBe('answer');
    expect(written()).toBe('x'.repeat(250));
    expect(link.sentOf('data').map(({ data }) => data.length)).toEqual([100, 100, 50]);
    expect(link.sentOf('eof')).toHaveLength(1);
    expect([tunnel.bytesRead, tunnel.bytesWritten]).toEqual([6, 250]);
  });

  it('writes no more than the window, and continues when it grows', async () => {
    confirm(3);
    tunnel.write('abcdef');
    await settle();
    expect(written()).toBe('abc');
    link.receive({ type: 'window-adjust', recipient: 0, bytes: 10 });
    await settle();
    expect(written()).toBe('abcdef');
  });

  it('grants the server only bytes that were read', async () => {
    confirm();
    const chunk = Buffer.alloc(32 * 1024);
    for (let sent = 0; sent < WINDOW; sent += chunk.length) arrive(chunk);
    await settle();
    expect(link.sentOf('window-adjust').reduce((sum, { bytes }) => sum + bytes, 0)).toBe(0);
    tunnel.resume();
    await settle();
    const granted = link.sentOf('window-adjust').reduce((sum, { bytes }) => sum + bytes, 0);
    expect(granted).toBeGreaterThanOrEqual(WINDOW / 2);
  });

  it('that is refused reports the reason, and ends', () => {
    const [reason, description] = [2, 'Connection refused'];
    link.receive({ type: 'open-failure', recipient: 0, reason, description });
    expect(told).toEqual(['refused 2 Connection refused', 'closed ']);
    expect(tunnel.destroyed).toBe(true);
  });

  it('ends with its connection, with the same reason', async () => {
    confirm();
    const closed = new Promise((resolve) => tunnel.once('close', resolve));
    link.lose();
    await closed;
    expect(told).toEqual(['open', 'closed CONNECTION_LOST']);
    expect(tunnel.errored).toMatchObject({ code: 'CONNECTION_LOST' });
  });

  it('ends if the server closes it', async () => {
    confirm();
    tunnel.resume();
    const ended = once(tunnel, 'end');
    link.receive({ type: 'close', recipient: 0 });
    await ended;
    expect(told).toEqual(['open', 'closed ']);
  });

  it('that is destroyed closes its channel', () => {
    confirm();
    tunnel.destroy();
    expect(link.sentOf('close')).toHaveLength(1);
    link.receive({ type: 'close', recipient: 0 });
    expect(told).toEqual(['open', 'closed ']);
  });
});
