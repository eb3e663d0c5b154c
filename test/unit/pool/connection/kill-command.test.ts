/** The shell command of the signal workaround, run by a real /bin/sh beside real commands. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { workaroundApplies, signalCommand } from '../../../../src/pool/connection/kill-command.ts';
import { FakeLink } from '../../../support/fake-link.ts';
import { alive, childrenOf, until } from '../../../support/process.ts';

/** Stands for the sshd of a connection: starts each line of its stdin in a new process group. */
const PARENT = `
  const { spawn } = require('node:child_process');
  require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
    const child = spawn('/bin/sh', ['-c', line], { detached: true, stdio: 'ignore' });
    console.log('started ' + child.pid);
    child.on('exit', (code, signal) => console.log('ended ' + child.pid + ' ' + (signal ?? code)));
  });
`;

class FakeSshd {
  readonly #process: ChildProcess;
  readonly groups: number[] = [];
  #output = '';

  constructor() {
    this.#process = spawn(process.execPath, ['-e', PARENT], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#process.stdout?.on('data', (data: Buffer) => (this.#output += data.toString()));
  }

  /** Starts a command and resolves to its process id after it has started. */
  async start(command: string): Promise<number> {
    const known = this.#all(/started (\d+)/g).length;
    this.#process.stdin?.write(`${command}\n`);
    const pid = await until(() => this.#all(/started (\d+)/g)[known], 'the start');
    this.groups.push(Number(pid));
    return Number(pid);
  }

  /** Runs a command and resolves to its exit status. */
  async run(command: string): Promise<string> {
    return this.ended(await this.start(command));
  }

  /** How a command ended: its exit status, or the signal. */
  ended(pid: number): Promise<string> {
    return until(() => this.#all(new RegExp(`ended ${pid} (\\w+)`, 'g'))[0], `the end of ${pid}`);
  }

  async end(): Promise<void> {
    const gone = once(this.#process, 'exit');
    for (const group of this.groups) {
      try {
        process.kill(-group, 'SIGKILL');
      } catch {
        // The process has ended.
      }
    }
    this.#process.kill('SIGKILL');
    await gone;
  }

  #all(pattern: RegExp): string[] {
    return [...this.#output.matchAll(pattern)].map(([, text]) => text ?? '');
  }
}

const sshds: FakeSshd[] = [];
afterEach(async () => {
  await Promise.all(sshds.splice(0).map((sshd) => sshd.end()));
});

async function three(): Promise<{ sshd: FakeSshd; pids: number[] }> {
  const sshd = new FakeSshd();
  sshds.push(sshd);
  const pids: number[] = [];
  for (let i = 0; i < 3; i++) pids.push(await sshd.start('exec sleep 600'));
  return { sshd, pids };
}

describe('the shell command', () => {
  it.each([0, 1, 2])('signals session %i of three, and no other', async (index) => {
    const { sshd, pids } = await three();
    expect(await sshd.run(signalCommand('TERM', index, 3))).toBe('0');
    const target = pids[index] ?? 0;
    expect(await sshd.ended(target)).toBe('SIGTERM');
    expect(pids.filter(alive)).toEqual(pids.filter((pid) => pid !== target));
  });

  it('signals the whole process group', async () => {
    const sshd = new FakeSshd();
    sshds.push(sshd);
    const shell = await sshd.start('sleep 600 & sleep 600 & wait');
    const children = await until(() => {
      const found = childrenOf(shell);
      return found.length === 2 ? found : undefined;
    }, 'two children');
    expect(await sshd.run(signalCommand('KILL', 0, 1))).toBe('0');
    await until(() => ![shell, ...children].some(alive), 'the end of the group');
  });

  it.each([2, 4])('does nothing if there are three sessions and not %i', async (count) => {
    const { sshd, pids } = await three();
    expect(await sshd.run(signalCommand('KILL', 1, count))).not.toBe('0');
    expect(pids.filter(alive)).toEqual(pids);
  });

  it('does nothing if a younger session has taken the place of the target', async () => {
    const sshd = new FakeSshd();
    sshds.push(sshd);
    const bin = mkdtempSync(join(tmpdir(), 'slow-ps-'));
    const [asked, go] = [join(bin, 'asked'), join(bin, 'go')];
    // A ps that waits for a file: by then the younger session has started.
    const ps = `: >${asked}; until [ -e ${go} ]; do sleep 0.05; done; PATH=\${PATH#*:}; exec ps "$@"`;
    try {
      writeFileSync(join(bin, 'ps'), `#!/bin/sh\n${ps}\n`, { mode: 0o755 });
      const signalling = await sshd.start(`PATH=${bin}:$PATH; ${signalCommand('KILL', 0, 1)}`);
      await until(() => existsSync(asked), 'ps is asked');
      const younger = await sshd.start('exec sleep 600');
      writeFileSync(go, '');
      expect(await sshd.ended(signalling)).not.toBe('0');
      expect(alive(younger)).toBe(true);
    } finally {
      rmSync(bin, { recursive: true });
    }
  });

  it('is not made for an invalid signal name', () => {
    expect(() => signalCommand("TERM'; reboot; '", 0, 1)).toThrow(RangeError);
  });
});

describe('the workaround applies', () => {
  it.each([
    ['root', 'OpenSSH_9.2p1', false, true],
    ['root', 'OpenSSH_9.9', false, true],
    ['root', 'OpenSSH_10.0', false, false],
    ['root', 'dropbear_2022.83', false, false],
    ['user', 'OpenSSH_9.2p1', false, false],
    ['root', 'OpenSSH_9.2p1', true, false],
  ])('to %s on %s, forced command %s: %s', (user, serverVersion, forcedCommand, expected) => {
    expect(workaroundApplies(new FakeLink({ user, serverVersion, forcedCommand }))).toBe(expected);
  });
});
