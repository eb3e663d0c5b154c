/** The hosts that a person may mean, for completion: the aliases of an ssh_config. */
import { dirname } from 'node:path';
import { readConfigFiles } from './config-files.ts';

/** Names of all Host lines of `file` and what it includes, patterns left out, sorted. */
export function configHosts(file: string, home: string): string[] {
  const names = readConfigFiles(file, dirname(file), home)
    .files.flatMap(({ lines }) => lines)
    .filter(([keyword]) => keyword === 'host')
    .flatMap(([, ...patterns]) => patterns)
    .filter((name) => !/[*?!]/.test(name));
  return [...new Set(names)].toSorted();
}
