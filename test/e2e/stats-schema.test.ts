/** docs/STATS.md says exactly what the program prints as JSON: its tables are the schema here. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli } from '../support/cli.ts';
import { INSTALLED, isNative } from '../support/launcher.ts';
import { createSandbox, type Sandbox } from '../support/sandbox.ts';
import { haveSshd, startSshd } from '../support/sshd.ts';

type Schema = ReadonlyMap<string, string>;

/** The rows `| field | type | meaning |` of the section whose heading has these words. */
function schemaOf(heading: string): Schema {
  const text = readFileSync(new URL('../../docs/STATS.md', import.meta.url), 'utf8');
  const section = text.split('\n## ').find((part) => part.startsWith(`\`${heading}`)) ?? '';
  const rows = [...section.matchAll(/^\| `([^`]+)`\s*\| (\S+)/gm)];
  return new Map(rows.map(([, field = '', type = '']) => [field, type]));
}

const isTime = (value: unknown): boolean =>
  typeof value === 'string' && /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(value);

const TYPES: Readonly<Record<string, (value: unknown) => boolean>> = {
  integer: (value) => Number.isSafeInteger(value),
  number: (value) => typeof value === 'number',
  string: (value) => typeof value === 'string',
  boolean: (value) => typeof value === 'boolean',
  object: (value) => typeof value === 'object' && value !== null,
  time: isTime,
};

/** Every value below `value` by its path; array elements share one path. */
function leaves(value: unknown, path: string): [path: string, value: unknown][] {
  if (Array.isArray(value)) return value.flatMap((each) => leaves(each, `${path}[]`));
  if (typeof value !== 'object' || value === null) return [[path, value]];
  return Object.entries(value).flatMap(([name, each]) =>
    leaves(each, path === '' ? name : `${path}.${name}`),
  );
}

/** The differences between the output and its documented fields. */
function differences(output: unknown, schema: Schema): string[] {
  const found = leaves(output, '');
  const wrong = found.flatMap(([path, value]) => {
    const type = schema.get(path);
    if (type === undefined) return [`${path} is not documented`];
    if (value === null && type.endsWith('?')) return [];
    return TYPES[type.replace('?', '')]?.(value) ? [] : [`${path} is no ${type}`];
  });
  const paths = new Set(found.map(([path]) => path));
  const missing = [...schema.keys()]
    // A documented object stands for its fields, unless it is null.
    .filter((path) => !paths.has(path) && !paths.has(path.replace(/\.[^.]*$/, '')))
    .filter((path) => ![...paths].some((each) => each.startsWith(`${path}.`)))
    .map((path) => `${path} is missing`);
  return [...wrong, ...missing];
}

describe.skipIf(!haveSshd())('the JSON output matches docs/STATS.md', () => {
  let sandbox: Sandbox;
  let config: string;
  beforeAll(async () => {
    sandbox = createSandbox();
    config = (await startSshd(sandbox)).config();
  });
  afterAll(() => sandbox[Symbol.asyncDispose]());
  const json = async (...args: string[]): Promise<unknown> => {
    const { stdout } = await runCli(sandbox, args);
    return JSON.parse(stdout.toString()) as unknown;
  };

  it('before there is an agent', async () => {
    expect(await json('stats', '--json')).toBe(null);
    expect(await json('agent', 'status', '--json')).toEqual({
      running: false,
      launcher: isNative(INSTALLED) ? 'native' : 'node',
    });
  });

  it.each([
    ['a command that ends', ['echo out; echo err >&2; exit 3']],
    ['a command that dies', ['kill -TERM $$']],
  ])('exec of %s', async (_what, command) => {
    const output = await json('exec', '--json', '-F', config, 'box', ...command);
    expect(differences(output, schemaOf('sshpool exec --json'))).toEqual([]);
  });

  it('exec that times out, or fails to connect', async () => {
    const schema = schemaOf('sshpool exec --json');
    const late = await json('exec', '--json', '-F', config, '--timeout', '200ms', 'box', 'sleep 9');
    expect(late).toMatchObject({ timedOut: true, exitCode: 124, error: { code: 'TIMED_OUT' } });
    expect(differences(late, schema)).toEqual([]);
    const lost = await json('exec', '--json', '-F', config, '-p', '1', 'box', 'true');
    expect(lost).toMatchObject({ exitCode: 255, error: { code: 'CONNECT_FAILED' } });
    expect(differences(lost, schema)).toEqual([]);
  });

  it('stats', async () => {
    await runCli(sandbox, ['warm', '-q', '-F', config, 'box']);
    const output = await json('stats', '--json');
    expect(output).toHaveProperty('connections.0.target', 'box');
    expect(differences(output, schemaOf('sshpool stats --json'))).toEqual([]);
  });

  it('agent status', async () => {
    const output = await json('agent', 'status', '--json');
    expect(differences(output, schemaOf('sshpool agent status --json'))).toEqual([]);
  });

  it('the comparison detects an extra field, a missing field and a wrong type', () => {
    const schema = new Map([
      ['a', 'integer'],
      ['b.c', 'number?'],
    ]);
    expect(differences({ a: 1, b: { c: null } }, schema)).toEqual([]);
    expect(differences({ a: '1', d: 2 }, schema)).toEqual([
      'a is no integer',
      'd is not documented',
      'b.c is missing',
    ]);
  });
});
