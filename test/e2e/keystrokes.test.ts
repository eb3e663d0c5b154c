/** Packet sizes of typed keys, compared with ssh (case 14); client and server are OpenSSH 9.5 or later. */
import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { PROGRAM } from '../support/cli.ts';
import { until } from '../support/process.ts';
import { startLoopback } from '../support/loopback.ts';
import { createSandbox, type Sandbox } from '../support/sandbox.ts';
import { haveSshd, sshdIsAtLeast, sshIsAtLeast, startSshd } from '../support/sshd.ts';
import { haveTerminals, Terminal } from '../support/terminal.ts';

interface Line {
  readonly config: string;
  /** The sizes of the chunks that the client has sent. */
  sizes: number[];
}

/** A server behind a relay that records these sizes. */
async function watchedLine(sandbox: Sandbox): Promise<Line> {
  const sshd = await startSshd(sandbox);
  const sizes: number[] = [];
  const { port } = await startLoopback(sandbox, (client) => {
    const server = connect({ host: '127.0.0.1', port: sshd.port, noDelay: true });
    server.on('error', () => client.destroy());
    client.on('data', ({ length }: Buffer) => sizes.push(length));
    client.pipe(server).pipe(client);
  });
  const extra = `Host box\n  Port ${port}\n  HostKeyAlias [127.0.0.1]:${sshd.port}\n`;
  return { config: sshd.config(extra), sizes };
}

/** The sizes since the first key; waits until there are `atLeast` of them. */
async function typed(
  sandbox: Sandbox,
  line: Line,
  words: readonly string[],
  atLeast: number,
): Promise<number[]> {
  const terminal = Terminal.run(sandbox, [
    ...words,
    '-F',
    line.config,
    '-tt',
    'box',
    'echo go; cat',
  ]);
  await terminal.shows('go');
  line.sizes.length = 0;
  for (const key of 'abc') {
    terminal.type(key);
    await terminal.shows(key);
  }
  await until(() => line.sizes.length >= atLeast, 'enough was sent');
  const sent = [...line.sizes];
  terminal.type('\r\u0004');
  await terminal.ended;
  return sent;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

const isShown = haveSshd() && haveTerminals() && sshdIsAtLeast(9, 5) && sshIsAtLeast(9, 5);

describe.skipIf(!isShown).each(['ssh2', 'openssh'])('keys over %s', (link) => {
  it('are hidden among chaff packets of the same size, as by ssh', async () => {
    await using sandbox = createSandbox();
    const line = await watchedLine(sandbox);
    const env = ['env', `SSH_POOL_LINK=${link}`, PROGRAM, 'ssh'];
    // Three keys: all other packets are chaff.
    const ours = await typed(sandbox, line, env, 40);
    const theirs = await typed(sandbox, line, ['ssh'], 40);
    expect(median(ours)).toBe(median(theirs));
  });

  it('are sent at once with ObscureKeystrokeTiming no', async () => {
    await using sandbox = createSandbox();
    const line = await watchedLine(sandbox);
    const option = [
      '-o',
      'IgnoreUnknown=ObscureKeystrokeTiming',
      '-o',
      'ObscureKeystrokeTiming=no',
    ];
    const env = ['env', `SSH_POOL_LINK=${link}`, PROGRAM, 'ssh'];
    expect((await typed(sandbox, line, [...env, ...option], 3)).length).toBeLessThan(10);
  });
});
