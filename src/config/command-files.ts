/**
 * The files that a command of ssh_config(5) names and that decide what it does: where a proxy leads, as
 * which user it logs in, which host keys are known. Pure.
 */

export interface CommandFiles {
  /** Considered only if executable: others may be logs, which each run changes. */
  readonly programs: readonly string[];
  /** Always considered. */
  readonly data: readonly string[];
}

const PATH = /(?:~|\.{1,2})?\/[^\s'"=,;|&<>()]+/g;
/** How ssh and similar programs name a key file. */
const KEY = /(?<=\s-i\s*["']?|IdentityFile[=\s]+["']?)[^\s'"]+/gi;

/** `toPath` turns a word into an absolute path. */
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
