/** Ports without an sshd, or with one that refuses the client: messages, compared with those of ssh. */
import { connect, type Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { runCli, ssh } from '../support/cli.ts';
import { startLoopback } from '../support/loopback.ts';
import { createSandbox, type Sandbox } from '../support/sandbox.ts';
import { haveSshd, startSshd } from '../support/sshd.ts';

type Serve = (socket: Socket) => void;

/** Writes the text repeatedly for as long as the client reads. */
const endless =
  (text: string): Serve =>
  (socket) => {
    const more = (): void => {
      while (socket.writable && socket.write(text.repeat(100)));
    };
    socket.on('drain', more);
    more();
  };
const afterIdent =
  (end: Serve): Serve =>
  (socket) => {
    socket.write('SSH-2.0-box\r\n');
    socket.once('data', () => end(socket));
  };
const reset: Serve = (socket) => void socket.resetAndDestroy();

/** What ssh and sshpool say of a port that serves each connection with `serve`, without its number. */
async function compare(sandbox: Sandbox, serve: Serve): Promise<{ ours: string; theirs: string }> {
  const port = String((await startLoopback(sandbox, serve)).port);
  const config = sandbox.write('config', `Host box\n HostName 127.0.0.1\n Port ${port}\n`);
  const words = ['-F', config, 'box', 'true'];
  const [ours, theirs] = [await runCli(sandbox, ['exec', ...words]), await ssh(sandbox, words)];
  expect([ours.code, theirs.code]).toEqual([255, 255]);
  const plain = (text: string): string => text.replaceAll(port, 'PORT').replaceAll('\r', '');
  return { ours: plain(ours.stderr), theirs: plain(theirs.stderr) };
}

const CLOSED = 'Connection closed by 127.0.0.1 port PORT';
const RESET = 'Connection reset by 127.0.0.1 port PORT';
const KEX = 'kex_exchange_identification: ';

describe('a port that', () => {
  it.each<[string, Serve, string]>([
    ['closes at once', (socket) => void socket.end(), `${KEX}${CLOSED}`],
    [
      'closes when the client has sent its identification',
      afterIdent((socket) => void socket.end()),
      CLOSED,
    ],
    ['resets when the client has sent its identification', afterIdent(reset), RESET],
    [
      'sends endless lines',
      endless('hello\r\n'),
      `${KEX}No SSH version received in first 1024 lines`,
    ],
    ['sends an endless line', endless('hello'), `${KEX}banner line too long`],
    ['sends a NUL', (socket) => void socket.write('SSH-2.0\0\r\n'), `${KEX}banner line contains`],
    [
      'sends an old protocol version',
      (socket) => void socket.write('SSH-1.5-box\r\n'),
      'Protocol major versions differ: 2 vs. 1',
    ],
    [
      'sends no protocol version',
      (socket) => void socket.write('SSH-box\r\n'),
      "Bad remote protocol version identification: 'SSH-box'",
    ],
  ])('%s is reported as by ssh', async (_, serve, words) => {
    await using sandbox = createSandbox();
    const { ours, theirs } = await compare(sandbox, serve);
    expect(ours).toMatch(/^sshpool: [^\n]+\n$/);
    expect(ours).toContain(words);
    expect(theirs).toContain(words.replace(`${KEX}${CLOSED}`, CLOSED));
  });

  it.each<[string, Serve, string]>([
    [
      'speaks HTTP',
      (socket) => void socket.once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')),
      'HTTP/1.1 400 Bad Request',
    ],
    [
      'takes no more connections (MaxStartups)',
      (socket) => void socket.end('Exceeded MaxStartups\r\n'),
      'Exceeded MaxStartups',
    ],
    [
      'refuses this address (PerSourcePenalties)',
      (socket) => void socket.end('Not allowed at this time\r\n'),
      'Not allowed at this time: after failed logins this server refuses connections from your address for 15 s or more',
    ],
  ])('%s is reported with its text', async (_, serve, said) => {
    await using sandbox = createSandbox();
    const { ours } = await compare(sandbox, serve);
    expect(ours).toBe(`sshpool: ${KEX}${CLOSED} (it said: ${said})\n`);
  });

  it.skipIf(!haveSshd())(
    'refuses this address after failed logins is reported with the time',
    async () => {
      await using sandbox = createSandbox();
      const sshd = await startSshd(sandbox);
      let left = 4;
      const { port } = await startLoopback(sandbox, (client) => {
        if (left-- <= 0) return void client.end('Not allowed at this time\r\n');
        const server = connect({ host: '127.0.0.1', port: sshd.port });
        server.on('error', () => client.destroy());
        client.pipe(server).pipe(client);
      });
      const words = ['-p', String(port), '-o', `HostKeyAlias=[127.0.0.1]:${sshd.port}`];
      const wrong = ['-o', 'PubkeyAuthentication=no', '-o', 'BatchMode=yes', 'box', 'true'];
      const call = () => runCli(sandbox, ['exec', '-F', sshd.config(), ...words, ...wrong]);
      for (let i = 0; i < 4; i++) {
        // In sequence, so that each call makes its own login.
        expect((await call()).stderr).toContain('Permission denied');
      }
      expect((await call()).stderr).toMatch(
        /after failed logins this server refuses connections from your address for about (?:1\d|20) s\)\n$/,
      );
    },
  );

  it.skipIf(!haveSshd())(
    'refuses this address is not reported for failed logins at a jump host',
    async () => {
      await using sandbox = createSandbox();
      const hop = await startSshd(sandbox, { name: 'hop' });
      const { port } = await startLoopback(
        sandbox,
        (socket) => void socket.end('Not allowed at this time\r\n'),
      );
      const box = `Host box\nHostName 127.0.0.1\nPort ${port}\nProxyJump hop\nHost *\n`;
      const denied = sandbox.write('denied', `${box}PubkeyAuthentication no\n${hop.hostBlock}\n`);
      const config = sandbox.write('config', `${box}\n${hop.hostBlock}\n`);
      const call = (file: string) => runCli(sandbox, ['exec', '-F', file, 'box', 'true']);
      for (let i = 0; i < 4; i++) {
        // In sequence, so that each call makes its own login.
        expect((await call(denied)).stderr).toContain('Permission denied');
      }
      expect((await call(config)).stderr).toContain('from your address for 15 s or more)');
    },
  );

  it('resets is reported as such, also before the connection is established', async () => {
    await using sandbox = createSandbox();
    const { ours } = await compare(sandbox, reset);
    expect(ours).toMatch(
      /^sshpool: (?:(?:kex_exchange_identification: )?Connection reset by 127\.0\.0\.1 port PORT|connect to host .*: Connection reset by peer)\n$/,
    );
  });
});
