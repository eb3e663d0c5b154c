/** Servers that are slow, silent, limited, or refuse. */
import { connect, type Socket } from 'node:net';
import { appendFileSync } from 'node:fs';
import { startFakeServer, type FakeServerOptions } from '../../support/fake-server.ts';
import { startLoopback } from '../../support/loopback.ts';
import type { Sandbox } from '../../support/sandbox.ts';
import type { Must, Row } from '../row.ts';
import type { Stage } from '../stage.ts';

/** A raw TCP server; returns the arguments for a call to it. */
export async function rawServer(
  sandbox: Sandbox,
  onSocket: (socket: Socket) => void,
  lines = '',
): Promise<string> {
  const { port } = await startLoopback(sandbox, onSocket);
  const block = `Host raw\n  HostName 127.0.0.1\n  Port ${port}\n  BatchMode yes\n  ${lines}\n`;
  return sandbox.write('raw_config', block);
}

/** A row with a raw server and one call. */
export const raw = (
  row: Pick<Row, 'name' | 'made' | 'must' | 'full'>,
  must: Must,
  onSocket: (socket: Socket) => void,
  lines = 'ConnectTimeout 1',
): Row => ({
  ...row,
  async run(stage) {
    await stage.exec(
      { config: await rawServer(stage.sandbox, onSocket, lines), host: 'raw' },
      { ran: 0, ...must },
    );
  },
});

/** Runs `count` commands at once, each of which must run exactly once. */
async function together(stage: Stage, config: string, count: number): Promise<void> {
  await Promise.all(
    Array.from({ length: count }, () =>
      stage.exec({ config, command: '$RAN; sleep 0.3' }, { code: 0, ran: 1, withinMs: 60_000 }),
    ),
  );
}

const sessions = (most: number, full = false): Row => ({
  name: `MaxSessions ${most}`,
  made: `sshd; ${most + 14} calls at once`,
  must: 'all run, once each',
  full,
  async run(stage) {
    const sshd = await stage.sshd({ options: { MaxSessions: String(most), MaxStartups: '100' } });
    await together(stage, sshd.config(), most + 14);
  },
});

const fake = (
  row: Pick<Row, 'name' | 'made' | 'must' | 'full'>,
  options: FakeServerOptions,
  must: Must,
  { times = 1, words = [] }: { readonly times?: number; readonly words?: readonly string[] } = {},
): Row => ({
  ...row,
  async run(stage) {
    const server = await startFakeServer(stage.sandbox, options);
    const config = server.config();
    for (let i = 0; i < times; i++) {
      await stage.exec({ config, host: 'fake', options: words }, { ran: 0, ...must });
    }
  },
});

const TIMED_OUT = { code: 124, stderr: 'sshpool: timed out after 2 s\n', withinMs: 14_000 };

export const serverRows: readonly Row[] = [
  {
    name: 'MaxSessions 0',
    made: 'sshd',
    must: '255, says that the server opens no session',
    async run(stage) {
      const sshd = await stage.sshd({ options: { MaxSessions: '0' } });
      await stage.exec(
        { config: sshd.config() },
        { code: 255, stderr: /^sshpool: box refused to open a session: .*\n$/, ran: 0 },
      );
    },
  },
  sessions(1),
  sessions(2),
  sessions(10, true),
  {
    name: 'MaxStartups 1:100:1',
    made: 'sshd that takes one login at a time, MaxSessions 1; 8 calls at once',
    must: 'all run, once each',
    async run(stage) {
      const sshd = await stage.sshd({ options: { MaxStartups: '1:100:1', MaxSessions: '1' } });
      await together(stage, sshd.config(), 8);
    },
  },
  raw(
    { name: 'accepts and says nothing', made: 'raw TCP', must: '255, names the limit' },
    { code: 255, stderr: /no answer within 1000 ms|timed out/, withinMs: 14_000 },
    () => undefined,
  ),
  raw(
    { name: 'accepts and resets', made: 'raw TCP', must: '255, one line, no internal error' },
    { code: 255, stderr: /^(?!.*internal error)sshpool: .*127\.0\.0\.1.*\n$/ },
    (socket) => socket.resetAndDestroy(),
  ),
  raw(
    { name: 'accepts and closes', made: 'raw TCP', must: '255, one line, no internal error' },
    { code: 255, stderr: /^(?!.*internal error)sshpool: .*127\.0\.0\.1.*\n$/ },
    (socket) => socket.end(),
  ),
  raw(
    {
      name: 'speaks another protocol',
      made: 'raw TCP that answers as HTTP',
      must: '255, one line',
    },
    { code: 255, stderr: /^(?!.*internal error)sshpool: .*\n$/ },
    (socket) => socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n'),
  ),
  raw(
    {
      name: 'sends escape sequences in what it says',
      made: 'raw TCP: a line before the identification, and one in its place',
      must: '255; none of them reaches the terminal',
    },
    // The test checks for control characters.
    // eslint-disable-next-line no-control-regex
    { code: 255, stderr: /^sshpool: [^\u0000-\u0009\u000b-\u001f\u007f-\u009f]*\n$/ },
    (socket) => socket.end('\u001b]0;owned\u0007go away\r\nSSH-1.0-\u001b[2J\u009b31m\r\n'),
  ),
  {
    name: 'an identification in three segments',
    made: 'TCP that passes an sshd on, its first line in pieces 50 ms apart',
    must: 'works',
    async run(stage) {
      const sshd = await stage.sshd();
      const config = await rawServer(stage.sandbox, (near) => {
        const far = connect({ port: sshd.port, host: '127.0.0.1', noDelay: true });
        far.on('error', () => near.destroy());
        near.on('close', () => far.destroy()).pipe(far);
        far.once('data', (line: Buffer) => {
          far.pause();
          const pieces = [line.subarray(0, 3), line.subarray(3, 9), line.subarray(9)];
          pieces.forEach((piece, i) => setTimeout(() => near.write(piece), i * 50));
          setTimeout(() => far.pipe(near), pieces.length * 50);
        });
      });
      const lines = sshd.hostBlock
        .replace(/^Host .*/, 'Host raw')
        .replace(/Port \d+/, `HostKeyAlias [127.0.0.1]:${sshd.port}`);
      appendFileSync(config, `${lines}\n`);
      await stage.works(config, 'raw');
    },
  },
  fake(
    {
      name: 'refuses exec and closes nothing',
      made: 'ssh2 as a server; 24 calls, more than there are slots',
      must: '255, "refused the exec request"; no slot is lost',
    },
    { onRequest: (type) => (type === 'exec' ? 'refuse' : 'accept') },
    { code: 255, stderr: 'sshpool: fake refused the exec request\n' },
    { times: 24 },
  ),
  fake(
    {
      name: 'never answers an open',
      made: 'ssh2 as a server; exec --timeout 2s',
      must: '124 after 2 s',
    },
    { onSession: () => 'stall' },
    TIMED_OUT,
    { words: ['--timeout', '2s'] },
  ),
  fake(
    {
      name: 'never answers an exec',
      made: 'ssh2 as a server; exec --timeout 2s',
      must: '124 after 2 s',
    },
    { onRequest: (type) => (type === 'exec' ? 'stall' : 'accept') },
    TIMED_OUT,
    { words: ['--timeout', '2s'] },
  ),
  fake(
    {
      name: 'never answers an open, no limit given',
      made: 'ssh2 as a server',
      must: '255 with the reason, within 75 s',
      full: true,
    },
    { onSession: () => 'stall' },
    { code: 255, stderr: /^sshpool: fake .*\n$/, withinMs: 75_000 },
  ),
];
