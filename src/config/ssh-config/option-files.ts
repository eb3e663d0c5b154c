/** The files that options of ssh_config(5) name: as absolute paths, and as given. */
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { splitFileList } from './file-list.ts';
import { expandPath, expandTilde, PATH_TOKENS, type TokenContext } from './tokens.ts';

export interface OptionFiles {
  readonly identityFiles: readonly string[];
  readonly certificateFiles: readonly string[];
  readonly userKnownHostsFiles: readonly string[];
  readonly globalKnownHostsFiles: readonly string[];
  readonly revokedHostKeyFiles: readonly string[];
  /** By absolute path, the relative path that was given: messages show it as ssh does. */
  readonly relativeNames: ReadonlyMap<string, string>;
}

/** `values` is the output of `ssh -G`. @throws SshpoolError SSH_CONFIG for a bad token */
export function optionFiles(
  values: ReadonlyMap<string, readonly string[]>,
  context: TokenContext,
  cwd: string,
): OptionFiles {
  const relativeNames = new Map<string, string>();
  const named = (text: string, path: string): string => {
    if (!text.startsWith('/') && resolve(cwd, text) === path) relativeNames.set(path, text);
    return path;
  };
  const keys = (option: string): string[] =>
    (values.get(option) ?? [])
      .filter((text) => text !== 'none')
      .map((text) => {
        const rules = { option, tokens: PATH_TOKENS, env: true, cwd };
        return named(text, expandPath(text, context, rules));
      });
  const fromHome = (text: string): string => expandTilde(text, context.account, cwd);
  const lists = (option: string): string[] => {
    const text = values.get(option)?.[0] ?? 'none';
    if (text === 'none') return [];
    return splitFileList(text, (path) => isFile(fromHome(path))).map((name) =>
      named(name, fromHome(name)),
    );
  };
  return {
    identityFiles: keys('identityfile'),
    certificateFiles: keys('certificatefile'),
    userKnownHostsFiles: lists('userknownhostsfile'),
    globalKnownHostsFiles: lists('globalknownhostsfile'),
    // A single file before OpenSSH 10, several since then.
    revokedHostKeyFiles: lists('revokedhostkeys'),
    relativeNames,
  };
}

function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false; // or not accessible, which is the same to ssh
  }
}
