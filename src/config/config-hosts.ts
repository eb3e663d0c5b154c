/** The aliases of an ssh_config, for completion. */
import { readConfigFiles } from './config-files.ts';

/**
 * Names of all Host lines of `file`, a user's, and what it includes, patterns left out, sorted.
 * Relative includes start at ~/.ssh, wherever the file itself lies.
 */
export function configHosts(file: string, home: string): string[] {
  const names = readConfigFiles(file, { base: `${home}/.ssh`, home, mayOpen: () => undefined })
    .files.flatMap(({ lines }) => lines)
    .filter(([keyword]) => keyword === 'host')
    .flatMap(([, ...patterns]) => patterns)
    .filter((name) => !/[*?!]/.test(name));
  return [...new Set(names)].toSorted();
}
