/**
 * The files that an ssh_config(5) consists of: itself and what it includes, for whatever host.
 * What the options in them mean is for `ssh -G` to say.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { globRegex, isGlob, unescapeGlob } from './wildcard.ts';

/** readconf.c, READCONF_MAX_DEPTH. */
const MAX_DEPTH = 16;

export interface ConfigFile {
  readonly path: string;
  /** Its lines, each a list of words, the keyword in lower case; empty where it is unreadable. */
  readonly lines: readonly (readonly string[])[];
}

export interface ConfigFiles {
  readonly files: readonly ConfigFile[];
  /** Directories in which a new file would be included too. */
  readonly directories: readonly string[];
}

/**
 * Reads `path` and all its Include files, those of all Host and Match blocks. `base` is where
 * relative ones lie: ~/.ssh for a user's file, /etc/ssh for the system's.
 */
export function readConfigFiles(path: string, base: string, home: string): ConfigFiles {
  const files: ConfigFile[] = [];
  const directories = new Set<string>();
  const walk = (file: string, depth: number): void => {
    const lines = linesOf(file);
    files.push({ path: file, lines });
    if (depth >= MAX_DEPTH) return;
    const patterns = lines.filter(([keyword]) => keyword === 'include').flatMap((l) => l.slice(1));
    for (const pattern of patterns) {
      for (const found of glob(absolute(pattern, base, home), directories)) walk(found, depth + 1);
    }
  };
  walk(path, 0);
  return { files, directories: [...directories] };
}

function absolute(pattern: string, base: string, home: string): string {
  if (pattern.startsWith('~/')) return join(home, pattern.slice(2));
  return pattern.startsWith('/') ? pattern : join(base, pattern);
}

function linesOf(file: string): string[][] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return []; // a file that is not there may appear, and ssh itself reports one it needs
  }
  return text.split('\n').flatMap((row) => {
    const words = wordsOf(row);
    const [keyword, ...rest] = words;
    return keyword === undefined ? [] : [[keyword.toLowerCase(), ...rest]];
  });
}

/** Words of a line: keyword and arguments may be joined by `=`, and quotes hold spaces together. */
function wordsOf(row: string): string[] {
  const line = row.trim();
  if (line === '' || line.startsWith('#')) return [];
  const spaced = line.replace(/^(\w+)\s*=\s*/, '$1 ');
  return [...spaced.matchAll(/"([^"]*)"|([^\s"]+)/g)].map(([, quoted, bare]) => quoted ?? bare ?? '');
}

/** The existing paths that match, in order; notes the directories that were searched. */
function glob(pattern: string, searched: Set<string>): string[] {
  let found = ['/'];
  for (const segment of pattern.split(sep).filter((name) => name !== '')) {
    found = found.flatMap((directory) => {
      if (!isGlob(segment)) return [join(directory, unescapeGlob(segment))];
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
    return []; // nothing is included from a directory that is not there
  }
}
