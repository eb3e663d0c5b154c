/** Servers that violate the protocol, or attack within it. */
import { once } from 'node:events';
import { Writer } from '../../../src/base/bytes.ts';
import { WINDOW } from '../../../src/ssh/channel/channel.ts';
import { setTimeout as pause } from 'node:timers/promises';
import { spawnCli } from '../../support/cli.ts';
import { startFloodingServer, type FloodKind } from '../../support/flooding-server.ts';
import { startHostileServer, type Raw } from '../../support/hostile-server.ts';
import { until } from '../../support/process.ts';
import type { Must, Row } from '../row.ts';
import type { Stage } from '../stage.ts';
import { raw } from './servers.ts';

/** Message numbers of RFC 4250 section 4.1.2. */
const [OPEN, ADJUST, DATA, EXTENDED, EOF, SUCCESS] = [90, 93, 94, 95, 96, 99];
const NO_CHANNEL = 4711;

const data = (channel: number, bytes: number): Buffer =>
  new Writer().byte(DATA).u32(channel).string('x'.repeat(bytes)).finish();
const open = (type: string): Buffer =>
  new Writer().byte(OPEN).string(type).u32(1).u32(WINDOW).u32(32_768).finish();

/** The time limit of a call to a good server at the same time. */
const CALM_MS = 3000;
const EXPECTED = new Map<Must['code'], string>([
  [0, 'works'],
  [255, '255, one line that says what'],
]);

/**
 * A call to a hostile server, while the connection of the same agent to a good server must stay.
 * `harm` runs at the first command of the server; later commands end normally.
 */
const hostile = (
  row: Pick<Row, 'name' | 'made' | 'full'>,
  harm: (raw: Raw) => void,
  must: Must,
): Row => ({
  ...row,
  must: `${EXPECTED.get(must.code) ?? 'works, or 255 and one line'}; other hosts notice nothing`,
  async run(stage) {
    const { config, sshd } = await beside(stage, (each) => {
      if (each.count === 1) harm(each);
      else each.exit();
    });
    await stage.exec({ config, host: 'evil', command: 'true' }, must);
    const calm = await stage.works(config);
    stage.must(calm.ms < CALM_MS, `a call to another host took ${Math.round(calm.ms)} ms`);
    await stage.exec({ config, host: 'evil', command: 'true' }, { code: 0 });
    stage.must(sshd.logins() === 1, 'another host was logged in to again');
  },
});

async function beside(
  stage: Stage,
  onExec: (raw: Raw) => void,
): Promise<{ config: string; sshd: Awaited<ReturnType<Stage['sshd']>> }> {
  const sshd = await stage.sshd();
  const evil = await startHostileServer(stage.sandbox, 'evil', onExec);
  const config = sshd.config(evil.hostBlock);
  await stage.works(config);
  return { config, sshd };
}

const BROKEN: Must = { code: 255, stderr: /^sshpool: .*evil.*\n$/ };

const flooding = (kind: FloodKind, full = false): Row => ({
  name: `a flood of ${kind}`,
  made: 'ssh2 as a server, as fast as it can and without reading',
  must: 'a call to another host within 3 s; memory below 200 MB, and below 100 MB afterwards',
  left: { rssBytes: 100e6 },
  full,
  async run(stage) {
    const sshd = await stage.sshd();
    const evil = await startFloodingServer(stage.sandbox, 'evil', kind, { deaf: true });
    const config = sshd.config(evil.hostBlock);
    await stage.works(config);
    const victim = spawnCli(stage.sandbox, ['exec', '-F', config, 'evil', 'true']);
    const ended = once(victim, 'close');
    await pause(stage.full ? 5000 : 1000);
    for (let i = 0; i < 3; i++) {
      const done = await stage.works(config);
      stage.must(done.ms < CALM_MS, `a call to another host took ${Math.round(done.ms)} ms`);
    }
    stage.saw(`${evil.sent()} messages were sent`);
    victim.kill('SIGKILL');
    await ended;
    await stage.cli(['close', 'evil', '--force']);
  },
});

export const hostileRows: readonly Row[] = [
  {
    name: 'more data than the window allows',
    made: 'ssh2 as a server; the caller does not read, 4 MB are sent',
    must: '255, one line; memory below 200 MB',
    async run(stage) {
      let isLost = false;
      const { config } = await beside(stage, (each) => {
        each.socket.once('close', () => (isLost = true));
        for (let sent = 0; sent < 2 * WINDOW; sent += 32_768) each.send(data(each.channel, 32_768));
      });
      const child = spawnCli(stage.sandbox, ['exec', '-F', config, 'evil', 'true']);
      const startedAt = performance.now();
      const err: Buffer[] = [];
      child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
      // A caller that reads grants the server more, so it reads nothing until the agent has seen too much.
      await until(() => isLost, 'the agent ends the connection', 30_000);
      await stage.works(config);
      let bytes = 0;
      child.stdout.on('data', (chunk: Buffer) => (bytes += chunk.length));
      const [code] = (await once(child, 'close')) as [number];
      const stderr = Buffer.concat(err).toString();
      const ms = performance.now() - startedAt;
      await stage.check(
        Promise.resolve({ code, signal: null, stdout: Buffer.alloc(0), stderr, ms }),
        BROKEN,
      );
      stage.must(bytes <= WINDOW, `${bytes} bytes were taken`);
    },
  },
  hostile(
    { name: 'data for a channel that is not there', made: 'ssh2 as a server' },
    ({ send }) => send(data(NO_CHANNEL, 10)),
    BROKEN,
  ),
  hostile(
    { name: 'a packet larger than a channel allows', made: 'ssh2 as a server, 100 KB' },
    ({ send, channel }) => send(data(channel, 100_000)),
    BROKEN,
  ),
  hostile(
    { name: 'a packet larger than SSH allows', made: 'ssh2 as a server, 4 MB' },
    ({ send, channel }) => send(data(channel, 4_000_000)),
    BROKEN,
  ),
  hostile(
    { name: 'a message without its end', made: 'ssh2 as a server', full: true },
    ({ send }) => send(Buffer.of(DATA, 0)),
    BROKEN,
  ),
  hostile(
    { name: 'a window of more than 4 GB', made: 'ssh2 as a server', full: true },
    ({ send, channel, exit }) => {
      const adjust = new Writer().byte(ADJUST).u32(channel).u32(0xffff_ffff).finish();
      for (let i = 0; i < 3; i++) send(adjust);
      exit();
    },
    { code: [0, 255], stderr: /^(sshpool: .*evil.*\n)?$/ },
  ),
  hostile(
    { name: 'data after its end', made: 'ssh2 as a server', full: true },
    ({ send, channel, exit }) => {
      send(new Writer().byte(EOF).u32(channel).finish());
      send(data(channel, 10));
      exit();
    },
    { code: [0, 255], stdout: /^x*$/, stderr: /^(sshpool: .*evil.*\n)?$/ },
  ),
  hostile(
    {
      name: 'answers that were not asked for',
      made: 'ssh2 as a server, for an open channel and for one that is not there',
    },
    ({ send, channel, exit }) => {
      for (const to of [channel, channel, 99]) send(new Writer().byte(SUCCESS).u32(to).finish());
      exit();
    },
    { code: 0 },
  ),
  hostile(
    { name: 'unknown kinds of standard error', made: 'ssh2 as a server', full: true },
    ({ send, channel, exit }) => {
      send(new Writer().byte(EXTENDED).u32(channel).u32(99).string('x').finish());
      exit();
    },
    { code: [0, 255], stdout: /.*/, stderr: /.*/ },
  ),
  hostile(
    {
      name: 'channels that the server opens',
      made: 'ssh2 as a server: session, x11, forwarded-tcpip, auth-agent',
    },
    ({ send, exit }) => {
      for (const type of ['session', 'x11', 'forwarded-tcpip', 'auth-agent@openssh.com']) {
        send(open(type));
      }
      exit();
    },
    { code: 0 },
  ),
  hostile(
    { name: 'another host key at a rekey', made: 'ssh2 as a server' },
    ({ rekeyAsAnother }) => rekeyAsAnother(),
    { code: 255, stderr: /^sshpool: .*(host key|Host denied).*\n$/i },
  ),
  flooding('global requests'),
  flooding('opens'),
  flooding('channel requests', true),
  flooding('ignore', true),
  flooding('tiny data', true),
  raw(
    {
      name: 'a banner without end',
      made: 'raw TCP that sends lines and never an identification',
      must: '255 within ConnectTimeout, one line',
    },
    { code: 255, stderr: /^sshpool: .*\n$/, withinMs: 14_000 },
    (socket) => {
      const lines = Buffer.from('welcome\r\n'.repeat(1000));
      const more = (): void => {
        while (socket.writable && socket.write(lines));
      };
      socket.on('drain', more);
      more();
    },
  ),
  raw(
    {
      name: 'a line without end',
      made: 'raw TCP that sends bytes and no line end',
      must: '255 within ConnectTimeout, one line',
    },
    { code: 255, stderr: /^sshpool: .*\n$/, withinMs: 14_000 },
    (socket) => {
      const bytes = Buffer.alloc(65_536, 'x');
      const more = (): void => {
        while (socket.writable && socket.write(bytes));
      };
      socket.on('drain', more);
      more();
    },
  ),
  raw(
    {
      name: 'random bytes in place of a key exchange',
      made: 'raw TCP with an identification of OpenSSH',
      must: '255, one line, no internal error',
    },
    { code: 255, stderr: /^(?!.*internal error)sshpool: .*\n$/, withinMs: 14_000 },
    (socket) => {
      socket.write('SSH-2.0-OpenSSH_9.2\r\n');
      socket.write(Buffer.from(Array.from({ length: 4096 }, (_, i) => (i * 7919 + 13) % 256)));
    },
  ),
];
