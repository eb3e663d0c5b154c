/** The start of a ControlMaster: its prompts, what ends it early, and what is left then. */
import { view } from '../../src/base/borrowed.ts';
import { execFileSync } from 'node:child_process';
import { chmodSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/base/time.ts';
import { SshConfig } from '../../src/config/ssh-config/ssh-g.ts';
import { parseTarget, targetArgs } from '../../src/config/command-line/target.ts';
import { Channels } from '../../src/ssh/channel/channels.ts';
import type { Link } from '../../src/ssh/link/link.ts';
import type { LinkRequest } from '../../src/ssh/login/link-request.ts';
import { connectOpenssh } from '../../src/ssh/openssh/connect.ts';
import { noAnswer, type Question } from '../../src/ssh/link/prompts.ts';
import { Session, type Outcome } from '../../src/ssh/channel/session.ts';
import { FakeClock } from '../support/clock.ts';
import { processesNaming, titleOf, until } from '../support/process.ts';
import { startRelay } from '../support/relay.ts';
import { createSandbox, type Sandbox } from '../support/sandbox.ts';
import { haveSshd, startSshd } from '../support/sshd.ts';

const never = new AbortController().signal;
const unknown = (sandbox: Sandbox): string =>
  `StrictHostKeyChecking ask\nUserKnownHostsFile ${sandbox.path('known')}`;

/** A request as the agent makes it, for the host `box` of a configuration. */
async function requestFor(
  sandbox: Sandbox,
  config: string,
  more: Partial<LinkRequest> = {},
): Promise<LinkRequest> {
  const target = parseTarget('box');
  const env = more.env ?? sandbox.env;
  const question = { target, sshArgs: ['-F', config], cwd: sandbox.home, env: sandbox.env };
  return {
    options: await new SshConfig({ clock: systemClock }).resolve(question),
    words: ['-F', config, ...targetArgs(target)],
    dir: sandbox.run,
    cwd: sandbox.home,
    keyAgent: undefined,
    jump: undefined,
    ask: noAnswer,
    loadKnown: () => Promise.resolve([]),
    note: () => undefined,
    hasAlternative: false,
    keptOutMs: () => undefined,
    reason: 'a test',
    timeoutMs: 10_000,
    clock: systemClock,
    signal: never,
    ...more,
    env,
  };
}

/** Runs a command over a new link, which is closed at the end. */
function runOver(link: Link, command: string): Promise<{ outcome: Outcome; stdout: string }> {
  const channels = new Channels(link, 'box', {
    onHeard: () => undefined,
    onClosed: () => undefined,
  });
  channels.start();
  let stdout = '';
  return new Promise((resolve, reject) => {
    const session: Session = new Session(channels, {
      onSpare: () => {
        const what = { command: Buffer.from(command), env: [], agentForward: false };
        session.start(what, {
          onStarted: () => session.endStdin(),
          onStdout: (data) => {
            stdout += view(data).toString();
            session.consume(data.length);
          },
          onStderr: (data) => session.consume(data.length),
          onStdinWindow: () => undefined,
          onStdinClosed: () => undefined,
          onEnd: (outcome) => {
            link.close();
            resolve({ outcome, stdout });
          },
        });
      },
      onRefused: (_, description) => reject(new Error(description)),
      onAsked: () => undefined,
      onMoved: () => undefined,
      onLeft: () => undefined,
      onClosed: () => undefined,
    });
    session.open();
  });
}

/** Every ssh of a sandbox, masters and those of jump hosts. */
const sshs = (sandbox: Sandbox): number[] =>
  processesNaming(sandbox.root).filter((pid) => /^(\S*\/)?ssh /.test(titleOf(pid)));

/** Replaces ssh; returns an environment with the script in PATH. */
function insteadOfSsh(sandbox: Sandbox, script: string): Record<string, string> {
  const program = sandbox.write('bin/ssh', `#!${process.execPath}\n${script}`);
  chmodSync(program, 0o700);
  return { ...sandbox.env, PATH: `${sandbox.path('bin')}:${sandbox.env['PATH'] ?? ''}` };
}

/** Goes into the background, listens as a master does, accepts every connection, and sends nothing. */
const SILENT_MASTER = `
const [, , ...words] = process.argv;
if (process.env.SILENT === undefined) {
  const options = { detached: true, stdio: ['ignore', 'pipe', 'ignore'] };
  const env = { ...process.env, SILENT: 'yes' };
  const child = require('child_process').spawn(process.execPath, [__filename, ...words], { ...options, env });
  child.stdout.once('data', () => process.exit(0));
} else {
  const server = require('net').createServer((socket) => {
    socket.on('close', () => process.exit(0)).resume();
  });
  server.listen(words[words.indexOf('-S') + 1], () => process.stdout.write('listening'));
}
`;

/** What ends an attempt from outside, and the error that says so. */
const ENDS = [
  ['is given up', (_: FakeClock, abort: () => void) => abort(), 'CANCELLED'],
  ['is too late', (clock: FakeClock) => clock.advance(60_000), 'CONNECT_TIMEOUT'],
] as const;

describe.skipIf(!haveSshd())('a connect over the openssh link', () => {
  it('asks about an unknown host key with the text of ssh, and with echo', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    const config = sshd.config(unknown(sandbox));
    const questions: Question[] = [];
    const notes: string[] = [];
    const ask = (question: Question): Promise<Buffer> => {
      questions.push(question);
      return Promise.resolve(Buffer.from(questions.length === 1 ? 'perhaps' : 'yes'));
    };
    const note = (text: string): void => void notes.push(text);
    const link = await connectOpenssh(await requestFor(sandbox, config, { ask, note }));
    expect(await runOver(link, 'echo in')).toMatchObject({ stdout: 'in\n' });
    expect(questions[0]?.text).toMatch(/^The authenticity of .*\(yes\/no\/\[fingerprint\]\)\? $/s);
    expect(questions[1]?.text).toBe("Please type 'yes', 'no' or the fingerprint: ");
    expect(questions.map(({ echo }) => echo)).toEqual([true, true]);
    expect(notes.join('\n')).toMatch(/^Warning: Permanently added [^\n]*$/);
    expect(readFileSync(sandbox.path('known'), 'utf8')).toContain('ssh-ed25519');
  });

  it('fails if a host key prompt cannot be answered, without an attempt to log in', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    const request = await requestFor(sandbox, sshd.config(unknown(sandbox)));
    await expect(connectOpenssh(request)).rejects.toMatchObject({ code: 'HOST_KEY_REFUSED' });
    expect(await sshd.logAfterLogins()).not.toMatch(/Accepted|Failed|userauth/);
  });

  it('names the remaining methods if a key is not accepted', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    const key = sandbox.path('stranger');
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', key]);
    const config = sandbox.write(
      'config',
      sshd.hostBlock.replaceAll(sshd.identities[0] ?? '', key),
    );
    await expect(connectOpenssh(await requestFor(sandbox, config))).rejects.toMatchObject({
      code: 'AUTH_FAILED',
      message: `${sshd.user}@127.0.0.1: Permission denied (publickey)`,
    });
  });

  it('asks for a passphrase without echo, and its time does not count', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    const [key = ''] = sshd.identities;
    execFileSync('ssh-keygen', ['-q', '-p', '-P', '', '-N', 'open sesame', '-f', key]);
    const clock = new FakeClock();
    const questions: Question[] = [];
    const ask = (question: Question): Promise<Buffer> => {
      questions.push(question);
      clock.advance(60 * 60_000);
      return Promise.resolve(Buffer.from('open sesame'));
    };
    const link = await connectOpenssh(await requestFor(sandbox, sshd.config(), { ask, clock }));
    expect((await runOver(link, 'exit 3')).outcome).toEqual({ kind: 'exited', code: 3 });
    expect(questions).toEqual([{ text: `Enter passphrase for key '${key}': `, echo: false }]);
  });

  it('that is given up during a question leaves no ssh and no file', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    const { signal, abort } = controller();
    const ask = (): Promise<undefined> => {
      abort();
      return new Promise(() => undefined);
    };
    const request = await requestFor(sandbox, sshd.config(unknown(sandbox)), { ask, signal });
    await expect(connectOpenssh(request)).rejects.toMatchObject({ code: 'CANCELLED' });
    await until(() => processesNaming(sandbox.run).length === 0, 'ssh and its askpass are gone');
    expect(readdirSync(sandbox.run)).toEqual([]);
  });

  it.each(ENDS)('that %s also ends the ssh of a silent jump host', async (_, end, code) => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    await using relay = await startRelay(sshd.port);
    relay.stall();
    const jump = `Host jump\nHostName 127.0.0.1\nPort ${relay.port}\nHost box\nProxyJump jump`;
    const clock = new FakeClock();
    const { signal, abort } = controller();
    const request = await requestFor(sandbox, sshd.config(jump), { clock, signal });
    const failed = connectOpenssh(request).catch((thrown: unknown) => thrown);
    await until(() => relay.accepted() === 1 && sshs(sandbox).length === 2, 'both ssh run');
    end(clock, abort);
    expect(await failed).toMatchObject({ code });
    await until(() => sshs(sandbox).length === 0, 'both are gone');
    expect(sshs(sandbox)).toEqual([]);
  });

  it.each(ENDS)('that %s does not wait for a master that says nothing', async (_, end, code) => {
    await using sandbox = createSandbox();
    const config = sandbox.write('config', 'Host box\nHostName 127.0.0.1\n');
    const env = insteadOfSsh(sandbox, SILENT_MASTER);
    const clock = new FakeClock();
    const { signal, abort } = controller();
    const request = await requestFor(sandbox, config, { env, clock, signal });
    const failed = connectOpenssh(request).catch((thrown: unknown) => thrown);
    // The background process stays alone when the process that was started has ended.
    const masters = (): number[] =>
      processesNaming(sandbox.path('bin')).filter((pid) => titleOf(pid).includes('bin/ssh'));
    await until(
      () => readdirSync(sandbox.run).length === 2 && masters().length === 1,
      'it listens',
    );
    end(clock, abort);
    expect(await failed).toMatchObject({ code });
    await until(() => masters().length === 0, 'it saw its client leave');
    expect(readdirSync(sandbox.run)).toEqual([]);
  });
});

function controller(): { readonly signal: AbortSignal; readonly abort: () => void } {
  const made = new AbortController();
  return { signal: made.signal, abort: () => made.abort() };
}
