/**
 * The files that decide what a command of ssh_config(5) does, as far as its words name them: where
 * a proxy leads, as whom it logs in, which host keys are known. Pure.
 */

export interface CommandFiles {
  /** They count where they are programs: others may be logs, which each run changes. */
  readonly programs: readonly string[];
  /** They count whatever they are. */
  readonly data: readonly string[];
}

const PATH = /(?:~|\.{1,2})?\/[^\s'"=,;|&<>()]+/g;
/** How ssh, and most that is like it, is told of a key. */
const KEY = /(?<=\s-i\s*["']?|IdentityFile[=\s]+["']?)[^\s'"]+/gi;

/** `toPath` makes an absolute path of a word. */
export function commandFiles(
  proxy: string | undefined,
  knownHosts: string | undefined,
  toPath: (word: string) => string,
): CommandFiles {
  const all = (text: string | undefined, pattern: RegExp): string[] =>
    (text?.match(pattern) ?? []).map(toPath);
  // What prints host keys only reads.
  return { programs: all(proxy, PATH), data: [...all(proxy, KEY), ...all(knownHosts, PATH)] };
}
