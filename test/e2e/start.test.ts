/** Keeps the start of a call fast: few files to load, and no packages. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { z } from 'zod';

const dist = fileURLToPath(new URL('../../dist/program/', import.meta.url));

/** The files of a program that run at its start, and the packages that they load. */
function atStart(program: string): { readonly files: string[]; readonly packages: string[] } {
  const files = new Set([`${program}.cjs`]);
  const packages: string[] = [];
  // The loop over a set also visits items that are added meanwhile.
  for (const file of files) {
    const code = readFileSync(`${dist}${file}`, 'utf8');
    // Unindented lines run at the start; indented ones only on demand.
    for (const [, name = ''] of code.matchAll(/^\S.*\brequire\("([^"]+)"\)/gm)) {
      if (name.startsWith('./')) files.add(name.slice('./'.length));
      else if (!name.startsWith('node:')) packages.push(name);
    }
  }
  return { files: [...files], packages };
}

it.each(['cli', 'agent', 'prompt', 'askpass'])('%s loads few files at its start', (program) => {
  const { files, packages } = atStart(program);
  expect(packages).toEqual([]);
  const all = [`${program}.cjs`, `${program}-start.cjs`, 'start.cjs', 'rolldown-runtime.cjs'];
  expect(all).toEqual(expect.arrayContaining(files));
});

it.each(['cli', 'agent'])('%s has no package in the files of its start', (program) => {
  for (const file of atStart(program).files.filter((name) => !name.startsWith('rolldown'))) {
    const map: unknown = JSON.parse(readFileSync(`${dist}${file}.map`, 'utf8'));
    const { sources } = z.object({ sources: z.array(z.string()).min(1) }).parse(map);
    expect(sources.filter((name) => name.includes('node_modules'))).toEqual([]);
  }
});

it('comes with the licenses of the bundled packages', () => {
  expect(readdirSync(`${dist}..`)).toContain('LICENSES.txt');
  expect(readFileSync(`${dist}../LICENSES.txt`, 'utf8')).toMatch(/^commander\n/m);
});
