/** The package as users install it: with its install script, and without. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { isNative } from '../support/launcher.ts';
import { install, pack, ROOT } from '../support/package.ts';
import { createSandbox } from '../support/sandbox.ts';
import { haveSshd, startSshd } from '../support/sshd.ts';

describe.skipIf(!haveSshd())('the package', () => {
  it.each([
    { how: 'with its install script', options: [], native: isNative(join(ROOT, 'bin/sshpool')) },
    { how: 'without install scripts', options: ['--ignore-scripts'], native: false },
  ])('works in an empty folder $how', async ({ options, native }) => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    const place = install(sandbox, pack(sandbox), ...options);
    const program = join(place, 'node_modules/.bin/sshpool');
    const here = { env: sandbox.env, cwd: sandbox.home, encoding: 'utf8' } as const;
    const sshpool = (...args: string[]): string => execFileSync(program, args, here);
    sandbox.defer(async () => void sshpool('agent', 'stop', '--force'));
    expect(isNative(program)).toBe(native);
    expect(sshpool('exec', '-F', sshd.config(), 'box', 'echo', 'first')).toBe('first\n');
    expect(sshpool('exec', '-F', sshd.config(), 'box', 'echo', 'second')).toBe('second\n');
    expect(sshpool('stats')).toMatch(/1 hits/);
    const asSsh = ['-F', sshd.config(), 'box', 'echo', 'third'];
    expect(execFileSync(`${program}-ssh`, asSsh, here)).toBe('third\n');
    expect(sshpool('agent', 'status')).toMatch(native ? /launcher native/ : /npm rebuild sshpool/);
  });
});
