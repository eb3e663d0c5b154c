/** The files of an ssh_config(5), itself and its includes, for any host. `ssh -G` interprets them. */
import { readdirSync } from 'node:fs';
import { join, sep } from 'node:path';
import { readPlainFile } from './file-contents.ts';
import { globRegex, isGlob, unescapeGlob } from './wildcard.ts';

interface ConfigFile {
  readonly path: string;
  /** Each as configWords; empty if the file is unreadable. */
  readonly lines: readonly (readonly string[])[];
}

export interface ConfigFiles {
  readonly files: readonly ConfigFile[];
  /** Directories in which a new file would also be included. */
  readonly directories: readonly string[];
}

export interface ReadingContext {
  /** The base of relative paths: ~/.ssh for a user's file, /etc/ssh for the system's. */
  readonly base: string;
  readonly home: string;
  /** Called with each file and directory before it is opened; may throw. */
  readonly mayOpen: (path: string) => void;
}

/** Each file once: no depth limit, unlike ssh. @throws SshpoolError NOT_SHARED, and what `mayOpen` throws */
export function readConfigFiles(
  path: string,
  { base, home, mayOpen }: ReadingContext,
): ConfigFiles {
  const files = new Map<string, ConfigFile>();
  const directories = new Set<string>();
  const visit = (file: string): void => {
    if (files.has(file)) return;
    mayOpen(file);
    const lines = linesOf(file);
    files.set(file, { path: file, lines });
    const patterns = lines.filter(([keyword]) => keyword === 'include').flatMap((l) => l.slice(1));
    const paths = patterns.map((pattern) => absolute(pattern, base, home));
    for (const found of paths.flatMap((pattern) => glob(pattern, directories, mayOpen)))
      visit(found);
  };
  visit(path);
  return { files: [...files.values()], directories: [...directories] };
}

function absolute(pattern: string, base: string, home: string): string {
  if (pattern.startsWith('~/')) return join(home, pattern.slice(2));
  return pattern.startsWith('/') ? pattern : join(base, pattern);
}

function linesOf(file: string): string[][] {
  return readPlainFile(file)
    .split('\n')
    .flatMap((row) => {
      const words = configWords(row);
      return words.length === 0 ? [] : [words];
    });
}

/** The words of a line, the keyword in lower case, as ssh splits them (misc.c, argv_split). */
export function configWords(row: string): string[] {
  const line = row.trim().replace(/^(\w+)\s*=\s*/, '$1 ');
  const words = line.match(/(?:\\.|"(?:\\.|[^"\\])*"?|'(?:\\.|[^'\\])*'?|[^\s"'])+/g) ?? [];
  const comment = words.findIndex((word) => word.startsWith('#'));
  const [keyword, ...rest] = comment < 0 ? words : words.slice(0, comment);
  return keyword === undefined ? [] : [keyword.toLowerCase(), ...rest.map(unquote)];
}

function unquote(word: string): string {
  return word.replace(
    /\\(['"\\ ])|"((?:\\.|[^"\\])*)"?|'((?:\\.|[^'\\])*)'?/g,
    (_, escaped?: string, double?: string, single?: string) =>
      escaped ?? (double ?? single ?? '').replace(/\\(['"\\])/g, '$1'),
  );
}

/** In order; a path without wildcards may not exist. */
function glob(
  pattern: string,
  searched: Set<string>,
  mayOpen: ReadingContext['mayOpen'],
): string[] {
  let found = ['/'];
  for (const segment of pattern.split(sep).filter((name) => name !== '')) {
    found = found.flatMap((directory) => {
      if (!isGlob(segment)) return [join(directory, unescapeGlob(segment))];
      mayOpen(directory);
      searched.add(directory);
      const matcher = globRegex(segment);
      return namesIn(directory)
        .filter((name) => matcher.test(name))
        .map((name) => join(directory, name));
    });
  }
  return found;
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory).toSorted();
  } catch {
    return []; // a missing directory includes nothing
  }
}
