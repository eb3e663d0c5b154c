/** The launchers of the package; test/platforms/rows/machines.ts runs them. */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT } from '../support/package.ts';
import { createSandbox } from '../support/sandbox.ts';

const LAUNCHERS = join(ROOT, 'bin', 'launchers');
const BUILT = readdirSync(LAUNCHERS).flatMap((name) => /^sshpool-(\w+)$/.exec(name)?.[1] ?? []);

const launcher = (name: string, directory = LAUNCHERS): string =>
  join(directory, `sshpool-${name}`);

describe.skipIf(BUILT.length === 0)('the launchers of the package', () => {
  it('are those of SHA256SUMS, built anew', { timeout: 300_000 }, async () => {
    await using sandbox = createSandbox();
    const builder = join(ROOT, 'scripts', 'launchers.js');
    const made = sandbox.path('made');
    const options = ['--check', '--into', made, ...BUILT];
    const done = spawnSync(process.execPath, [builder, ...options], { encoding: 'utf8' });
    expect([done.status, done.stdout.match(/DIFFERS/g)]).toEqual([0, null]);
    for (const name of BUILT) {
      expect(readFileSync(launcher(name)).equals(readFileSync(launcher(name, made)))).toBe(true);
    }
    const sums = readFileSync(join(LAUNCHERS, 'SHA256SUMS'), 'utf8');
    expect(BUILT.filter((name) => !sums.includes(`  sshpool-${name}\n`))).toEqual([]);
  });

  it.runIf(BUILT.includes('x86_64'))('are small and static', () => {
    expect(statSync(launcher('x86_64')).size).toBeLessThanOrEqual(150 * 1024);
    for (const name of BUILT) {
      // Of a program that a dynamic linker loads, the header PT_INTERP names the linker.
      expect(readFileSync(launcher(name)).includes('/lib/ld')).toBe(false);
    }
  });
});
