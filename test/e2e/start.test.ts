/** What the time of a call's start depends on, which no other test would notice. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { runCli } from '../support/cli.ts';
import { createSandbox } from '../support/sandbox.ts';
import { stats } from '../support/stats.ts';

const dist = fileURLToPath(new URL('../../dist/', import.meta.url));

it.each(['cli', 'agent'])('%s starts from one file, and from no package', (program) => {
  const code = readFileSync(`${dist}${program}/main.cjs`, 'utf8');
  // What stands at the beginning of a line is done at the start.
  const loaded = [...code.matchAll(/^\S.*\brequire\("([^"]+)"\)/gm)].map(([, name]) => name);
  expect(loaded.length).toBeGreaterThan(0);
  expect(loaded.filter((name) => !name?.startsWith('node:'))).toEqual([]);
});

it.runIf(process.platform === 'linux')('an agent reads no certificates of Node', async () => {
  await using sandbox = createSandbox();
  const env = { NODE_EXTRA_CA_CERTS: '/etc/ssl/certs/ca-certificates.crt', NODE_MARK: 'kept' };
  expect(await runCli(sandbox, ['agent', 'start'], { env })).toMatchObject({ code: 0 });
  const pid = (await stats(sandbox))?.pid;
  const inherited = readFileSync(`/proc/${pid}/environ`, 'utf8');
  expect(inherited).toContain('NODE_MARK=kept');
  expect(inherited).not.toContain('NODE_EXTRA_CA_CERTS');
});

it('comes with the licenses of what is in its bundles', () => {
  expect(readdirSync(dist)).toContain('LICENSES.txt');
  expect(readFileSync(`${dist}LICENSES.txt`, 'utf8')).toMatch(/^commander\n/m);
});
