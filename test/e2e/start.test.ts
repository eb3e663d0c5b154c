/** Keeps the start of a call fast: one file to load, and no packages. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { z } from 'zod';

const dist = fileURLToPath(new URL('../../dist/', import.meta.url));

it.each(['cli', 'agent'])('%s loads one file and no package at its start', (program) => {
  const code = readFileSync(`${dist}${program}/main.cjs`, 'utf8');
  // Unindented lines run at the start; indented ones only on demand.
  const loaded = [...code.matchAll(/^\S.*\brequire\("([^"]+)"\)/gm)].map(([, name]) => name);
  expect(loaded.length).toBeGreaterThan(0);
  expect(loaded.filter((name) => !name?.startsWith('node:'))).toEqual([]);
});

it.each(['cli', 'agent'])('%s has no package in its first file', (program) => {
  const map: unknown = JSON.parse(readFileSync(`${dist}${program}/main.cjs.map`, 'utf8'));
  const { sources } = z.object({ sources: z.array(z.string()).min(1) }).parse(map);
  expect(sources.filter((name) => name.includes('node_modules'))).toEqual([]);
});

it('comes with the licenses of the bundled packages', () => {
  expect(readdirSync(dist)).toContain('LICENSES.txt');
  expect(readFileSync(`${dist}LICENSES.txt`, 'utf8')).toMatch(/^commander\n/m);
});
