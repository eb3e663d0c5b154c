import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { readConfigFiles } from '../../../../src/config/ssh-config/files.ts';
import { configHosts } from '../../../../src/config/ssh-config/hosts.ts';

/** A home with these files, and the hosts of its ~/.ssh/config. */
function hostsOf(files: Readonly<Record<string, string>>): string[] {
  const home = mkdtempSync(join(tmpdir(), 'sshpool-hosts-'));
  onTestFinished(() => rmSync(home, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) {
    const path = join(home, '.ssh', name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
  return configHosts(join(home, '.ssh/config'), home).toSorted();
}

test('all names of a Host line are listed', () => {
  expect(hostsOf({ config: 'Host a b\nHost c\n' })).toEqual(['a', 'b', 'c']);
});

test('patterns and negations are left out', () => {
  expect(hostsOf({ config: 'Host *.x a? !b c\n' })).toEqual(['c']);
});

test('a name is listed once', () => {
  expect(hostsOf({ config: 'Host a\nHost a\n' })).toEqual(['a']);
});

test('keywords may be in any case and joined with "="', () => {
  expect(hostsOf({ config: 'hOsT = a\n' })).toEqual(['a']);
});

test('a whole-line comment is not read', () => {
  expect(hostsOf({ config: '# Host x\n  # Host y\nHost a\n' })).toEqual(['a']);
});

test('included files are read, relative ones from ~/.ssh', () => {
  expect(hostsOf({ config: 'Include more\n', more: 'Host a\n' })).toEqual(['a']);
});

test('an Include may start at the home directory', () => {
  expect(hostsOf({ config: 'Include ~/.ssh/more\n', more: 'Host a\n' })).toEqual(['a']);
});

test('an Include may have wildcards', () => {
  const files = {
    config: 'Include conf.d/*.conf\n',
    'conf.d/1.conf': 'Host a\n',
    'conf.d/2': 'Host b\n',
  };
  expect(hostsOf(files)).toEqual(['a']);
});

test('an Include inside a Host block is read as well', () => {
  expect(hostsOf({ config: 'Host x\n Include more\n', more: 'Host a\n' })).toEqual(['a', 'x']);
});

test('a file that includes itself is read once', () => {
  expect(hostsOf({ config: 'Host a\nInclude config\n' })).toEqual(['a']);
});

test('missing files are ignored', () => {
  expect(hostsOf({ config: 'Include none none/*\nHost a\n' })).toEqual(['a']);
});

test('without a configuration there are no hosts', () => {
  expect(hostsOf({})).toEqual([]);
});

test.each([
  ['a # note', ['a']],
  ['a #note', ['a']],
  ['a#b', ['a#b']],
  ['"a" b', ['a', 'b']],
  ["'a' b", ['a', 'b']],
  ['"a"b', ['ab']],
  ['"a#" b', ['a#', 'b']],
])('Host %s names %j', (names, hosts) => {
  expect(hostsOf({ config: `Host ${names}\n` })).toEqual(hosts);
});

test('a comment after Include is ignored', () => {
  expect(
    hostsOf({ config: 'Include more # other\n', more: 'Host a\n', other: 'Host b\n' }),
  ).toEqual(['a']);
});

test('relative includes start at ~/.ssh, wherever the including file is', () => {
  const home = mkdtempSync(join(tmpdir(), 'sshpool-hosts-'));
  onTestFinished(() => rmSync(home, { recursive: true, force: true }));
  mkdirSync(join(home, '.ssh'));
  writeFileSync(join(home, '.ssh/more'), 'Host a\n');
  writeFileSync(join(home, 'elsewhere'), 'Include more\n');
  expect(configHosts(join(home, 'elsewhere'), home)).toEqual(['a']);
});

test('files that include each other are each read once', () => {
  const home = mkdtempSync(join(tmpdir(), 'sshpool-hosts-'));
  onTestFinished(() => rmSync(home, { recursive: true, force: true }));
  const [one, two] = [join(home, 'one'), join(home, 'two')];
  const both = `Include ${one} ${two}\n`.repeat(2);
  writeFileSync(one, both);
  writeFileSync(two, both);
  const { files } = readConfigFiles(one, { base: home, home, mayOpen: () => undefined });
  expect(files.map(({ path }) => path)).toEqual([one, two]);
});
