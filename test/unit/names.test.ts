/** One word for one thing, one thing for one word, and words that a reader knows. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '..', '..');
const EXPORTED = /^export (?:async )?(?:abstract )?(?:class|interface|type|function|const) (\w+)/gm;

/** Words that hide who does something, and pictures for which the field has a term. */
const UNCLEAR = [
  ...['whoever', 'whomever', 'nobody', 'somebody', 'come by', 'comes upon', 'of no use', 'forsake'],
  ...['lately', 'so often', 'in vain', 'is of', 'there is nothing to', 'as it should be'],
];
const UNCLEAR_WORD = new RegExp(`\\b(?:${UNCLEAR.join('|')})\\b`, 'gi');
/** The user and the principal of that name. */
const USER = /(?<=-l ?|-J |,|User |')nobody(?:-of-that-name)?/g;
const READ = /\.(?:ts|js|c|h|md|sh)$/;

const filesIn = (directory: string): string[] =>
  readdirSync(join(ROOT, directory), { recursive: true, encoding: 'utf8' })
    .filter((file) => READ.test(file))
    .map((file) => join(directory, file));

const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');

it('no exported name is declared twice', () => {
  const names = filesIn('src').flatMap((file) =>
    [...read(file).matchAll(EXPORTED)].map(([, name]) => name),
  );
  expect(names.length).toBeGreaterThan(500);
  expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([]);
});

it('no unclear word is left in the source, the tests and the documents', () => {
  const own = join('test', 'unit', 'names.test.ts');
  const directories = ['src', 'test', 'docs', 'demo', 'bench', 'scripts', 'completions'];
  const files = [
    'README.md',
    'CHANGELOG.md',
    'CONTRIBUTING.md',
    'SECURITY.md',
    ...directories.flatMap(filesIn),
  ];
  const found = files
    .filter((file) => file !== own)
    .flatMap((file) =>
      [...read(file).replaceAll(USER, '').matchAll(UNCLEAR_WORD)].map(
        ([word]) => `${file}: ${word}`,
      ),
    );
  expect(found).toEqual([]);
});
