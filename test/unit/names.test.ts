/** One word for one thing, and one thing for one word. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const SOURCE = join(import.meta.dirname, '..', '..', 'src');
const EXPORTED = /^export (?:async )?(?:abstract )?(?:class|interface|type|function|const) (\w+)/gm;

it('no exported name is declared twice', () => {
  const files = readdirSync(SOURCE, { recursive: true, encoding: 'utf8' });
  const names = files
    .filter((file) => file.endsWith('.ts'))
    .flatMap((file) => [...readFileSync(join(SOURCE, file), 'utf8').matchAll(EXPORTED)])
    .map(([, name]) => name);
  expect(names.length).toBeGreaterThan(500);
  expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([]);
});
