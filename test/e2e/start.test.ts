/** What the time of a call's start depends on, which no other test would notice. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { z } from 'zod';

const dist = fileURLToPath(new URL('../../dist/', import.meta.url));

it.each(['cli', 'agent'])('%s starts from one file, and from no package', (program) => {
  const code = readFileSync(`${dist}${program}/main.cjs`, 'utf8');
  // What stands at the beginning of a line is done at the start.
  const loaded = [...code.matchAll(/^\S.*\brequire\("([^"]+)"\)/gm)].map(([, name]) => name);
  expect(loaded.length).toBeGreaterThan(0);
  expect(loaded.filter((name) => !name?.startsWith('node:'))).toEqual([]);
});

it.each(['cli', 'agent'])('%s has no package in the file that it starts from', (program) => {
  const map: unknown = JSON.parse(readFileSync(`${dist}${program}/main.cjs.map`, 'utf8'));
  const { sources } = z.object({ sources: z.array(z.string()).min(1) }).parse(map);
  expect(sources.filter((name) => name.includes('node_modules'))).toEqual([]);
});

it('comes with the licenses of what is in its bundles', () => {
  expect(readdirSync(dist)).toContain('LICENSES.txt');
  expect(readFileSync(`${dist}LICENSES.txt`, 'utf8')).toMatch(/^commander\n/m);
});
