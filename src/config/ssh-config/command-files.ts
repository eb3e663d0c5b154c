/** The files in a command of ssh_config(5) that decide what it does, such as where a proxy leads. */

export interface CommandFiles {
  /** Considered only if executable: others may be logs, which each run changes. */
  readonly programs: readonly string[];
  readonly data: readonly string[];
}

const PATH = /(?:~|\.{1,2})?\/[^\s'"=,;|&<>()]+/g;
/** How ssh and similar programs name a key file. */
const KEY = /(?<=\s-i\s*["']?|IdentityFile[=\s]+["']?)[^\s'"]+/gi;

export function commandFiles(
  proxy: string | undefined,
  knownHosts: string | undefined,
  toPath: (word: string) => string,
): CommandFiles {
  const all = (text: string | undefined, pattern: RegExp): string[] =>
    (text?.match(pattern) ?? []).map(toPath);
  // A KnownHostsCommand only reads its files.
  return { programs: all(proxy, PATH), data: [...all(proxy, KEY), ...all(knownHosts, PATH)] };
}
