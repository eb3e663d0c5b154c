/** The process of the agent is independent of the call that started it. */
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { createConnection } from 'node:net';
import { dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PROGRAM, runProgram, stopAgentAtTheEnd, type Result } from '../support/cli.ts';
import { isNative } from '../support/launcher.ts';
import { freePort } from '../support/port.ts';
import { openFiles } from '../support/process.ts';
import { createSandbox, type Sandbox } from '../support/sandbox.ts';
import { haveSshd, startSshd, type Sshd } from '../support/sshd.ts';
import { poolStats } from '../support/stats.ts';

type Env = Readonly<Record<string, string>>;

/** A call that a shell makes after `before`, as `exec CALL`; it starts the agent. */
function callAfter(sandbox: Sandbox, sshd: Sshd, before: string, env: Env = {}): Promise<Result> {
  stopAgentAtTheEnd(sandbox);
  const call = `"${PROGRAM}" exec -F "${sshd.config()}" box true`;
  return runProgram(sandbox, ['/bin/sh', '-c', `${before} ${call}`], { env });
}

/** The content of a file of /proc for the agent. */
async function proc(sandbox: Sandbox, file: string): Promise<string> {
  const { pid } = await poolStats(sandbox);
  return readFileSync(`/proc/${pid}/${file}`, 'utf8');
}

/** Whether a signal is in one of the sets of /proc/PID/status. */
async function has(sandbox: Sandbox, set: 'SigBlk' | 'SigIgn', number: number): Promise<boolean> {
  const bits = new RegExp(`^${set}:\\s+([0-9a-f]+)$`, 'm').exec(await proc(sandbox, 'status'))?.[1];
  return ((BigInt(`0x${bits ?? ''}`) >> BigInt(number - 1)) & 1n) === 1n;
}

async function limit(sandbox: Sandbox, name: string): Promise<string[]> {
  const line = new RegExp(`^${name} +(\\S+) +(\\S+)`, 'm').exec(await proc(sandbox, 'limits'));
  return line?.slice(1) ?? [];
}

function haveProgram(name: string): boolean {
  return spawnSync(name, ['--version']).status === 0;
}

const isRoot = process.getuid?.() === 0;

describe.runIf(process.platform === 'linux' && haveSshd())('an agent', () => {
  it('opens no debugger that its first caller asked for', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    const port = await freePort();
    const env = { NODE_OPTIONS: `--inspect=127.0.0.1:${port}` };
    expect(await callAfter(sandbox, sshd, 'exec', env)).toMatchObject({ code: 0 });
    const refused = once(createConnection(port, '127.0.0.1'), 'connect');
    await expect(refused).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    expect(await proc(sandbox, 'environ')).not.toContain('NODE_OPTIONS');
  });

  it('opens no debugger on a signal', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    await callAfter(sandbox, sshd, 'exec');
    const { pid } = await poolStats(sandbox);
    process.kill(pid, 'SIGUSR1');
    expect(await callAfter(sandbox, sshd, 'exec')).toMatchObject({ code: 0 });
    expect(readFileSync(sandbox.path('run/agent.log'), 'utf8')).not.toContain('Debugger');
  });

  it.each([
    ['NODE_OPTIONS', (code: string) => `--require=${code}`],
    ['LD_PRELOAD', () => '/nowhere/at/all.so'],
    ['LD_LIBRARY_PATH', () => '/nowhere'],
    ['NODE_EXTRA_CA_CERTS', () => '/nowhere/ca.pem'],
    ['NODE_PATH', () => '/nowhere'],
    ['OPENSSL_CONF', () => '/nowhere'],
    ['BASH_ENV', () => '/nowhere'],
    ['ENV', () => '/nowhere'],
    ['SSH_AUTH_SOCK', () => '/nowhere'],
    ['SECRET_OF_MINE', () => 'x'],
  ])('has no %s of its first caller', async (name, valueFor) => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    const ran = sandbox.path('ran');
    const code = sandbox.write(
      'code.cjs',
      `require('fs').appendFileSync(${JSON.stringify(ran)}, process.argv[1] + '\\n')`,
    );
    sandbox.write('ran', '');
    await callAfter(sandbox, sshd, 'exec', { [name]: valueFor(code) });
    expect(await proc(sandbox, 'environ')).not.toMatch(new RegExp(`(^|\\0)${name}=`));
    expect(readFileSync(ran, 'utf8')).not.toContain('agent');
  });

  it('has the settings, the language and the home of its first caller', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    await callAfter(sandbox, sshd, 'exec', { SSH_POOL_AGENT_IDLE_TIMEOUT: '50s', TZ: 'UTC' });
    const environ = (await proc(sandbox, 'environ')).split('\0');
    expect(environ).toEqual(
      expect.arrayContaining([
        'SSH_POOL_AGENT_IDLE_TIMEOUT=50s',
        'TZ=UTC',
        'LANG=C.UTF-8',
        `HOME=${sandbox.home}`,
      ]),
    );
  });

  it('finds ssh if its first caller had none in PATH', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    const node = sandbox.write('bin/node', '');
    rmSync(node);
    symlinkSync(process.execPath, node);
    const PATH = dirname(node);
    expect(await callAfter(sandbox, sshd, 'exec', { PATH })).toMatchObject({ code: 0 });
    expect(await callAfter(sandbox, sshd, 'exec')).toMatchObject({ code: 0, stderr: '' });
  });

  it('runs the ssh that each caller has in PATH', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    await callAfter(sandbox, sshd, 'exec');
    const script = sandbox.write('bin/ssh', `#!/bin/sh\necho "$@" >>${sandbox.path('asked')}\n`);
    const real = spawnSync('/bin/sh', ['-c', 'command -v ssh'], { encoding: 'utf8' }).stdout.trim();
    sandbox.write('bin/ssh', `${readFileSync(script, 'utf8')}exec ${real} "$@"\n`);
    spawnSync('chmod', ['755', script]);
    const PATH = `${dirname(script)}:${process.env['PATH']}`;
    expect(await callAfter(sandbox, sshd, 'exec', { PATH })).toMatchObject({ code: 0 });
    expect(readFileSync(sandbox.path('asked'), 'utf8')).toMatch(/^-G /);
  });

  it('writes no core file', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    await callAfter(sandbox, sshd, 'ulimit -c unlimited; exec');
    expect(await limit(sandbox, 'Max core file size')).toEqual(['0', '0']);
  });

  it.each([
    ['-n 64', 'Max open files'],
    ['-f 100000', 'Max file size'],
    ['-t 5000', 'Max cpu time'],
    // A value with which Node itself still runs.
    ['-d 8000000', 'Max data size'],
  ])('raises the soft limit of ulimit %s', async (words, name) => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    await callAfter(sandbox, sshd, `ulimit -S ${words}; exec`);
    const [soft, hard] = await limit(sandbox, name);
    expect(soft).toBe(hard);
  });

  it.runIf(isNative(PROGRAM))('starts under a soft limit that is too small for Node', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    const done = await callAfter(sandbox, sshd, 'ulimit -S -v 400000; exec');
    expect(done).toMatchObject({ code: 0, stderr: '' });
  });

  it('has the usual stack limit if its first caller had a small one', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    await callAfter(sandbox, sshd, 'ulimit -S -s 4096; exec');
    expect((await limit(sandbox, 'Max stack size'))[0]).toBe(String(8192 * 1024));
  });

  // Only root may raise a priority by default.
  it.runIf(isRoot)('has the usual priority if its first caller ran under nice', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    await callAfter(sandbox, sshd, 'exec nice -n 15');
    const { pid } = await poolStats(sandbox);
    const threads = readdirSync(`/proc/${pid}/task`).map((thread) => {
      const stat = readFileSync(`/proc/${pid}/task/${thread}/stat`, 'utf8');
      return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16];
    });
    expect(new Set(threads)).toEqual(new Set(['0']));
  });

  it('has no file descriptor of its first caller', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    const [low, high] = [sandbox.write('low', ''), sandbox.write('high', '')];
    const many = `import os, sys; os.dup2(os.open("${high}", 0), 251, True); os.execvp(sys.argv[1], sys.argv[1:])`;
    const opens = haveProgram('python3') ? `exec python3 -c '${many}'` : 'exec';
    await callAfter(sandbox, sshd, `exec 8<"${low}" 9>&1; ${opens}`);
    const { pid } = await poolStats(sandbox);
    expect(openFiles(pid).length).toBeGreaterThan(3);
    expect(openFiles(pid)).not.toContain(low);
    expect(openFiles(pid)).not.toContain(high);
  });

  it('makes files that only its user can read', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    await callAfter(sandbox, sshd, 'umask 0; exec');
    expect(await proc(sandbox, 'status')).toMatch(/^Umask:\s+0077$/m);
    expect(statSync(sandbox.path('run/agent.log')).mode & 0o777).toBe(0o600);
  });

  it('neither ignores nor blocks the signals that its first caller did', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    const mask = 'env --ignore-signal=QUIT --block-signal=TERM --block-signal=USR2';
    await callAfter(sandbox, sshd, `exec ${mask}`);
    expect(await has(sandbox, 'SigIgn', 3)).toBe(false);
    expect(await has(sandbox, 'SigBlk', 15)).toBe(false);
    expect(await has(sandbox, 'SigBlk', 12)).toBe(false);
  });
});
