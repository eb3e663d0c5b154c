/** The aliases of an ssh_config, for completion. */
import { readConfigFiles } from './files.ts';

/** Without patterns. Relative includes start at ~/.ssh, wherever `file` itself lies. */
export function configHosts(file: string, home: string): string[] {
  const names = readConfigFiles(file, { base: `${home}/.ssh`, home, mayOpen: () => undefined })
    .files.flatMap(({ lines }) => lines)
    .filter(([keyword]) => keyword === 'host')
    .flatMap(([, ...patterns]) => patterns)
    .filter((name) => !/[*?!]/.test(name));
  return [...new Set(names)].toSorted();
}
