/** The package as users install it. */
import { execFileSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { prebuilt } from '../support/installed.ts';
import { isNative } from '../support/launcher.ts';
import { pack } from '../../scripts/package-tools.js';
import { install } from '../support/package.ts';
import { createSandbox } from '../support/sandbox.ts';
import { haveSshd, startSshd } from '../support/sshd.ts';

/** Bytes. */
const LARGEST = 1_000_000;

describe.skipIf(!haveSshd())('the package', () => {
  it('works in an empty folder, without install scripts', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    const packed = pack(sandbox.root);
    expect(statSync(packed).size).toBeLessThan(LARGEST);
    const program = join(install(sandbox, packed, '--ignore-scripts'), 'node_modules/.bin/sshpool');
    const here = { env: sandbox.env, cwd: sandbox.home, encoding: 'utf8' } as const;
    const sshpool = (...args: string[]): string => execFileSync(program, args, here);
    sandbox.defer(async () => void sshpool('agent', 'stop', '--force'));
    expect(isNative(program)).toBe(false);
    expect(sshpool('exec', '-F', sshd.config(), 'box', 'echo', 'first')).toBe('first\n');
    // The first call has put the launcher there.
    expect(isNative(program)).toBe(prebuilt() !== undefined);
    expect(sshpool('exec', '-F', sshd.config(), 'box', 'echo', 'second')).toBe('second\n');
    expect(sshpool('stats')).toMatch(/1 hits/);
    const asSsh = ['-F', sshd.config(), 'box', 'echo', 'third'];
    expect(execFileSync(`${program}-ssh`, asSsh, here)).toBe('third\n');
    expect(sshpool('agent', 'status')).toMatch(prebuilt() ? /launcher native/ : /launcher none/);
  });
});
