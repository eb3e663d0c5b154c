/** Another user's directory, socket or agent is never used, and nothing is left there. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { PROGRAM, runCli, type Result } from '../support/cli.ts';
import { createSandbox, type Sandbox } from '../support/sandbox.ts';
import { haveSshd, startSshd } from '../support/sshd.ts';

const isRoot = process.getuid?.() === 0;
if (!isRoot)
  process.stderr.write('other-user: only root can be two users; most tests are skipped\n');

/** A user id for this run only: its fallback directory is in /tmp. */
const OTHER = 3_000_000 + (process.pid % 500_000) * 2;
const VICTIM = OTHER + 1;

/** A directory that belongs to the other user and is accessible to it. */
function foreignDirectory(sandbox: Sandbox, name: string): string {
  chmodSync(sandbox.root, 0o755);
  const path = sandbox.path(name);
  mkdirSync(path, { mode: 0o700 });
  chownSync(path, OTHER, OTHER);
  return path;
}

/** An agent of the other user at `path`; it writes all that callers send to its standard output. */
async function foreignAgent(sandbox: Sandbox, path: string): Promise<{ end(): Promise<string> }> {
  const script = `
    const server = require('net').createServer((socket) => {
      socket.on('error', () => undefined).on('data', (data) => process.stdout.write(data));
      socket.write('hello');
    });
    server.listen(process.argv[1], () => process.stderr.write('ready'));
    process.on('SIGTERM', () => process.exit());`;
  const agent = spawn(process.execPath, ['-e', script, path], {
    uid: OTHER,
    gid: OTHER,
    cwd: '/',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said = text(agent.stdout);
  sandbox.defer(async () => void agent.kill('SIGKILL'));
  await once(agent.stderr, 'data');
  return {
    end: () => {
      agent.kill('SIGTERM');
      return said;
    },
  };
}

/** A call of the victim, without SSH_POOL_RUNTIME_DIR. */
async function callOfVictim(sandbox: Sandbox, words: string[], runtime: string): Promise<Result> {
  const { SSH_POOL_RUNTIME_DIR: _, ...env } = sandbox.env;
  sandbox.defer(async () => rmSync(`/tmp/sshpool-${VICTIM}`, { recursive: true, force: true }));
  const child = spawn(PROGRAM, words, {
    uid: VICTIM,
    gid: VICTIM,
    cwd: '/',
    env: { ...env, XDG_RUNTIME_DIR: runtime },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close') as Promise<[number]>,
  ]);
  return { code, signal: null, stdout: Buffer.from(stdout), stderr, ms: 0 };
}

describe.runIf(isRoot && process.platform === 'linux')(
  'a user with the XDG_RUNTIME_DIR of another user',
  () => {
    it('does not call the agent of that user, and leaves nothing in its directory', async () => {
      await using sandbox = createSandbox();
      const runtime = foreignDirectory(sandbox, 'xdg');
      mkdirSync(join(runtime, 'sshpool'), { mode: 0o700 });
      chownSync(join(runtime, 'sshpool'), OTHER, OTHER);
      const agent = await foreignAgent(sandbox, join(runtime, 'sshpool', 'agent.sock'));
      await callOfVictim(sandbox, ['exec', 'box', 'true'], runtime);
      const { stdout } = await callOfVictim(sandbox, ['agent', 'status'], runtime);
      expect(stdout.toString()).toContain('no agent is running');
      expect(await agent.end()).toBe('');
      expect(readdirSync(runtime)).toEqual(['sshpool']);
      expect(readdirSync(join(runtime, 'sshpool'))).toEqual(['agent.sock']);
    });

    it('leaves that directory empty if it was empty', async () => {
      await using sandbox = createSandbox();
      const runtime = foreignDirectory(sandbox, 'xdg');
      chmodSync(runtime, 0o777);
      await callOfVictim(sandbox, ['exec', 'box', 'true'], runtime);
      expect(readdirSync(runtime)).toEqual([]);
    });
  },
);

describe.runIf(isRoot && process.platform === 'linux')('an XDG_RUNTIME_DIR of its own user', () => {
  it.each([
    ['that is not writable to its user', 'xdg', 0o500],
    ['that is too long for a socket', 'd'.repeat(90), 0o700],
  ])('%s is not used', async (_, name, mode) => {
    await using sandbox = createSandbox();
    const runtime = foreignDirectory(sandbox, name);
    chownSync(runtime, VICTIM, VICTIM);
    chmodSync(runtime, mode);
    await callOfVictim(sandbox, ['exec', 'box', 'true'], runtime);
    expect(readdirSync(runtime)).toEqual([]);
    expect(readdirSync(`/tmp/sshpool-${VICTIM}`)).toEqual(['agent.log']);
  });
});

describe.runIf(isRoot)('root', () => {
  it('leaves nothing in the directory of a user that XDG_RUNTIME_DIR names', async () => {
    await using sandbox = createSandbox();
    const runtime = foreignDirectory(sandbox, 'xdg');
    const env = { SSH_POOL_RUNTIME_DIR: undefined, XDG_RUNTIME_DIR: runtime };
    // `agent status` looks for an agent, and starts none.
    expect((await runCli(sandbox, ['agent', 'status'], { env })).code).not.toBe(255);
    expect(readdirSync(runtime)).toEqual([]);
  });

  it('makes nothing below the directory of a user, and names that directory', async () => {
    await using sandbox = createSandbox();
    const foreign = foreignDirectory(sandbox, 'foreign');
    const env = { SSH_POOL_RUNTIME_DIR: join(foreign, 'run'), SSH_POOL_FALLBACK: 'off' };
    const done = await runCli(sandbox, ['exec', 'box', 'true'], { env });
    expect(done).toMatchObject({
      code: 255,
      stderr:
        `sshpool: ${foreign} is not safe to use: it belongs to user id ${OTHER}, not to 0; ` +
        `set SSH_POOL_RUNTIME_DIR to a private directory\n`,
    });
    expect(readdirSync(foreign)).toEqual([]);
  });

  it("sends nothing to the agent of another user that listens in root's directory", async () => {
    await using sandbox = createSandbox();
    const foreign = foreignDirectory(sandbox, 'foreign');
    const agent = await foreignAgent(sandbox, join(foreign, 'agent.sock'));
    linkSync(join(foreign, 'agent.sock'), join(sandbox.run, 'agent.sock'));
    for (const words of [['exec', 'box', 'true'], ['stats']]) {
      expect(await runCli(sandbox, words)).toMatchObject({
        code: 255,
        stderr: expect.stringContaining(`it belongs to user id ${OTHER}`) as string,
      });
    }
    expect(await agent.end()).toBe('');
  });
});

describe.runIf(haveSshd())('a runtime directory', () => {
  it.each([0o777, 0o775])('below one of mode %o is refused', async (mode) => {
    await using sandbox = createSandbox();
    const open = sandbox.path('open');
    mkdirSync(open);
    chmodSync(open, mode);
    const env = { SSH_POOL_RUNTIME_DIR: join(open, 'run') };
    const done = await runCli(sandbox, ['exec', 'box', 'true'], { env });
    expect(done.code).toBe(255);
    expect(done.stderr).toContain(
      `sshpool: ${open} is not safe to use: other users can write to it`,
    );
    expect(readdirSync(open)).toEqual([]);
  });

  it('that others can write to makes `agent logs` fail', async () => {
    await using sandbox = createSandbox();
    const log = sandbox.write('open/agent.log', 'words of another user');
    chmodSync(dirname(log), 0o777);
    const env = { SSH_POOL_RUNTIME_DIR: dirname(log) };
    const done = await runCli(sandbox, ['agent', 'logs'], { env });
    expect([done.code, done.stdout.toString()]).toEqual([255, '']);
  });

  it('below a sticky one, behind links, is used', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    mkdirSync(sandbox.path('sticky/own'), { recursive: true });
    chmodSync(sandbox.path('sticky'), 0o1777);
    symlinkSync('../sticky/own', sandbox.path('home', 'up'));
    symlinkSync(sandbox.path('home', 'up'), sandbox.path('down'));
    const env = { SSH_POOL_RUNTIME_DIR: sandbox.path('down/run') };
    sandbox.defer(async () => void (await runCli(sandbox, ['agent', 'stop', '--force'], { env })));
    const args = ['exec', '-F', sshd.config(), 'box', 'true'];
    expect(await runCli(sandbox, args, { env })).toMatchObject({ code: 0, stderr: '' });
    expect(readdirSync(sandbox.path('sticky/own/run'))).toContain('agent.sock');
    expect(readFileSync(sandbox.path('down/run/agent.log'), 'utf8')).toContain('started');
  });
});
