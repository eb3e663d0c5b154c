/** Escape sequences in the text of a server do not reach the terminal. */
import ssh2 from 'ssh2';
import { describe, expect, it } from 'vitest';
import { generateKey } from '../../demo/embedded-server.js';
import { Writer } from '../../src/base/bytes.ts';
import type { Protocol } from '../../src/ssh/ssh2/protocol.ts';
import { sendMessage } from '../../src/ssh/ssh2/packets.ts';
import { runCli } from '../support/cli.ts';
import { hostBlockOf } from '../support/host-block.ts';
import { startLoopback } from '../support/loopback.ts';
import { createSandbox, type Sandbox } from '../support/sandbox.ts';

/** Clears the screen, sets the title, and is a line of its own. */
const HOSTILE = '\u001b[2Jclear\u001b]0;title\u0007\u009b31mred\r\nsshpool: all is well';
const ACTED_ON =
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/;

type OnOpen = (protocol: Protocol, channel: number) => void;

/** Refuses each session with this description (RFC 4254 section 5.1). */
const refuse: OnOpen = (protocol, channel) =>
  void sendMessage(protocol, [
    new Writer().byte(92).u32(channel).u32(1).string(HOSTILE).string('').finish(),
  ]);
/** Sends SSH_MSG_DISCONNECT (RFC 4253 section 11.1). */
const disconnect: OnOpen = (protocol) =>
  void sendMessage(protocol, [new Writer().byte(1).u32(2).string(HOSTILE).string('').finish()]);

/** A server that accepts every user, with identification `ident`; `onOpen` answers each channel open. */
async function start(sandbox: Sandbox, ident: string, onOpen?: OnOpen): Promise<string> {
  const key = generateKey();
  const config = { hostKeys: [key.private], ident, banner: HOSTILE };
  const ssh = new ssh2.Server(config, (connection) => {
    connection.on('error', () => undefined);
    connection.on('authentication', (context) => context.accept());
    const { _protocol: protocol } = connection as unknown as { readonly _protocol: Protocol };
    connection.on('session', (accept) =>
      accept().on('exec', (acceptExec) => {
        const channel = acceptExec();
        channel.exit(0);
        channel.end();
      }),
    );
    if (onOpen === undefined) return;
    protocol._handlers['CHANNEL_OPEN'] = (_: Protocol, { sender }: { sender: number }) =>
      onOpen(protocol, sender);
  });
  const { port } = await startLoopback(sandbox, (socket) => ssh.injectSocket(socket));
  const knownHosts = sandbox.write('known', `[127.0.0.1]:${port} ${key.public}\n`);
  return sandbox.write(
    'config',
    hostBlockOf({ name: 'box', port, user: 'any', identities: [], knownHosts }),
  );
}

describe('the text of a server', () => {
  it('is shown escaped in its version, with -v, and in its banner', async () => {
    await using sandbox = createSandbox();
    const config = await start(sandbox, 'a\u001b[31mb\u0007');
    const { code, stderr } = await runCli(sandbox, ['exec', '-v', '-F', config, 'box', 'true']);
    expect(code).toBe(0);
    // A banner keeps its line ends.
    expect(stderr.replaceAll('\r\n', '\n')).not.toMatch(ACTED_ON);
    expect(stderr).toContain('a\\033[31mb\\007)');
    expect(stderr).toContain('\\033[2Jclear\\033]0;title\\007');
  });

  it.each([
    ['the refusal of a session', refuse],
    ['a disconnect message', disconnect],
  ])('is shown escaped, on one line, in %s', async (_, onOpen) => {
    await using sandbox = createSandbox();
    const config = await start(sandbox, 'box', onOpen);
    const quiet = ['exec', '-F', config, '-o', 'LogLevel=ERROR', 'box', 'true'];
    const { code, stderr } = await runCli(sandbox, quiet);
    expect(code).toBe(255);
    expect(stderr).not.toMatch(ACTED_ON);
    expect(stderr).toMatch(/^sshpool: [^\n]*\\033\[2Jclear[^\n]* sshpool: all is well\n$/);
  });

  it('is shown escaped if it comes in place of an identification', async () => {
    await using sandbox = createSandbox();
    const { port } = await startLoopback(sandbox, (socket) => socket.resume().end(HOSTILE));
    const words = ['-F', '/dev/null', '-p', String(port), '127.0.0.1', 'true'];
    const { stderr } = await runCli(sandbox, ['exec', ...words]);
    expect(stderr).not.toMatch(ACTED_ON);
    expect(stderr).toMatch(/^sshpool: [^\n]+\(it said: \\033\[2Jclear[^\n]*\)\n$/);
  });
});
