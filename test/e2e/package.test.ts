/** The package as users install it: with its install script, and without. */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { isNative } from '../support/launcher.ts';
import { createSandbox, type Sandbox } from '../support/sandbox.ts';
import { haveSshd, startSshd } from '../support/sshd.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** Neither sources of the package, nor anything that it is made with. */
const LEFT_OUT = new Set(['.git', 'node_modules', 'coverage', 'test']);

/** npm with the user's own settings: where its registry and its cache are. */
function npm(cwd: string, ...args: string[]): string {
  return execFileSync('npm', [...args, '--no-audit', '--no-fund', '--prefer-offline'], {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** Packs a copy of the repository, for packing changes bin/sshpool; returns the package. */
function pack(sandbox: Sandbox): string {
  const source = sandbox.path('source');
  for (const name of readdirSync(ROOT).filter((entry) => !LEFT_OUT.has(entry))) {
    cpSync(join(ROOT, name), join(source, name), { recursive: true });
  }
  symlinkSync(join(ROOT, 'node_modules'), join(source, 'node_modules'));
  npm(source, 'pack', '--silent', '--pack-destination', sandbox.root);
  const packed = readdirSync(sandbox.root).find((name) => name.endsWith('.tgz'));
  if (packed === undefined) throw new Error('npm pack made nothing');
  return sandbox.path(packed);
}

/** Installs it into an empty folder; returns that. */
function install(sandbox: Sandbox, packed: string, ...options: string[]): string {
  const place = sandbox.path('place');
  mkdirSync(place);
  sandbox.write('place/package.json', '{}');
  npm(place, 'install', ...options, packed);
  return place;
}

describe.skipIf(!haveSshd())('the package', () => {
  it.each([
    { how: 'with its install script', options: [], native: isNative(join(ROOT, 'bin/sshpool')) },
    { how: 'without install scripts', options: ['--ignore-scripts'], native: false },
  ])(
    'works in an empty folder $how',
    async ({ options, native }) => {
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
      expect(sshpool('agent', 'status')).toMatch(
        native ? /launcher native/ : /npm rebuild sshpool/,
      );
    },
    120_000,
  );
});
