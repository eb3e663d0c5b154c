/** The launcher and the real agent: how it starts the agent, and what a warm call does not do. */
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, readdirSync, readFileSync, readlinkSync, symlinkSync } from 'node:fs';
import { dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PROGRAM, runCli, spawnCli } from '../support/cli.ts';
import { isNative } from '../support/launcher.ts';
import {
  childrenOf,
  openFiles,
  processesNaming,
  signal,
  titleOf,
  until,
} from '../support/process.ts';
import { createSandbox } from '../support/sandbox.ts';
import { haveSshd, startSshd } from '../support/sshd.ts';
import { poolStats } from '../support/stats.ts';

describe.skipIf(!isNative(PROGRAM) || !haveSshd())('the launcher with an agent', () => {
  it('starts it without file descriptors, directory or session of the caller', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    const lock = sandbox.write('lock', '');
    const script = `exec 9<"${lock}"; cd "${sandbox.home}"; exec "${PROGRAM}" exec -F "${sshd.config()}" box true`;
    spawnSync('/bin/sh', ['-c', script], { env: sandbox.env });
    const pid = (await poolStats(sandbox)).pid;
    expect(openFiles(pid)).not.toContain(lock);
    expect(readlinkSync(`/proc/${pid}/cwd`)).toBe('/');
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [, , , session] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    expect(Number(session)).toBe(pid);
  });

  it('runs a warm command without Node, and opens no file of ~/.ssh', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    const args = ['exec', '-F', sshd.config(), 'box', 'true'];
    await runCli(sandbox, args);
    const trace = sandbox.path('trace');
    const traced = spawnSync('strace', ['-f', '-o', trace, PROGRAM, ...args], {
      env: { ...sandbox.env, ASAN_OPTIONS: 'detect_leaks=0' },
      cwd: sandbox.home,
    });
    if (traced.error) return; // no strace: setup.js has said so
    const calls = readFileSync(trace, 'utf8');
    expect(traced.status).toBe(0);
    expect(calls.match(/execve\(/g)).toHaveLength(1);
    // Only the names of the system calls: a path may contain such a word.
    expect(calls).not.toMatch(/^\d+ +(?:clone3?|v?fork)\(/m);
    expect(calls).not.toContain('.ssh');
  });

  it.each(['start', 'exec'])(
    'passes NODE_EXTRA_CA_CERTS to the programs of an agent that %s starts',
    async (how) => {
      await using sandbox = createSandbox();
      const sshd = await startSshd(sandbox);
      const env = { NODE_EXTRA_CA_CERTS: '/nowhere/ca.pem' };
      if (how === 'start') await runCli(sandbox, ['agent', 'start'], { env });
      const note = sandbox.path('note');
      const pipe = `const s = require('net').connect(${sshd.port}); process.stdin.pipe(s).pipe(process.stdout)`;
      const script = sandbox.write('pipe.cjs', pipe);
      const proxy = `ProxyCommand sh -c 'env > ${note}; exec node ${script}'`;
      await runCli(sandbox, ['exec', '-F', sshd.config(`Host box\n  ${proxy}\n`), 'box', 'true'], {
        env,
      });
      expect(readFileSync(note, 'utf8')).toContain('NODE_EXTRA_CA_CERTS=/nowhere/ca.pem');
      const { pid } = await poolStats(sandbox);
      expect(readFileSync(`/proc/${pid}/environ`, 'utf8')).not.toContain('NODE_EXTRA_CA_CERTS');
    },
  );

  it('works through a link to it', async () => {
    await using sandbox = createSandbox();
    const link = sandbox.path('home', 'sshpool');
    symlinkSync(PROGRAM, link);
    const done = spawnSync(link, ['agent', 'status'], { env: sandbox.env, encoding: 'utf8' });
    expect(done.stdout).toContain('no agent is running');
  });

  it('releases its lock when it is killed, although its child process lives on', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    const node = sandbox.write('bin/node', '#!/bin/sh\nexec sleep 60\n');
    chmodSync(node, 0o755);
    const args = ['exec', '-F', sshd.config(), 'box', 'true'];
    const starter = spawnCli(sandbox, args, { env: { PATH: `${dirname(node)}:/usr/bin:/bin` } });
    const pid = starter.pid ?? 0;
    const stuck = await until(
      () => childrenOf(pid).find((child) => titleOf(child).startsWith('sleep')),
      'the start is stuck',
    );
    sandbox.defer(async () => signal(stuck, 'SIGKILL'));
    expect(readdirSync(sandbox.run)).toContain('agent.lock');
    const ended = once(starter, 'close');
    starter.kill('SIGKILL');
    await ended;
    expect(await runCli(sandbox, args)).toMatchObject({ code: 0, stderr: '' });
    expect(readdirSync(sandbox.run).toSorted()).toEqual(['agent.log', 'agent.pid', 'agent.sock']);
  });

  it('leaves no child process behind', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    await runCli(sandbox, ['exec', '-F', sshd.config(), 'box', 'true']);
    const pid = (await poolStats(sandbox)).pid;
    expect(processesNaming(sandbox.run).filter((other) => other !== pid)).toEqual([]);
    expect(childrenOf(pid).map(titleOf)).toEqual([]);
  });
});
