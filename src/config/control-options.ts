/** Options of ssh_config(5) about sharing a connection by ssh's own means: a master and its socket. */
import { resolve } from 'node:path';

export interface ControlOptions {
  /** The socket, absolute; undefined where nobody named one. */
  readonly controlPath: string | undefined;
  readonly controlMaster: 'no' | 'yes' | 'ask' | 'auto' | 'autoask';
  /** So long a master stays without a session: 0 where it goes with the last one, perhaps Infinity. */
  readonly controlPersistMs: number;
}

/** `one` has the first value of an option, as `ssh -G` prints it: expanded; undefined for none. */
export function controlOptions(
  one: (name: string) => string | undefined,
  cwd: string,
): ControlOptions {
  const path = one('controlpath');
  return {
    controlPath: path === undefined ? undefined : resolve(cwd, path),
    controlMaster: masterOf(one('controlmaster')),
    controlPersistMs: persistOf(one('controlpersist')),
  };
}

/**
 * Whether options as given, each in a word of its own, say that no connection is to be shared.
 * `ssh -G` does not: it prints `none` as if nothing were set.
 */
export function sharesNothing(sshArgs: readonly string[]): boolean {
  const values = sshArgs.flatMap((word, at) => {
    if (sshArgs[at - 1] !== '-o') return [];
    const [, value] = /^\s*ControlPath(?:\s*=\s*|\s+)(.*?)\s*$/is.exec(word) ?? [];
    return value === undefined ? [] : [value];
  });
  return /^"?none"?$/.test(values[0] ?? '');
}

function masterOf(value: string | undefined): ControlOptions['controlMaster'] {
  switch (value) {
    case 'yes':
    case 'true':
      return 'yes';
    case 'ask':
    case 'auto':
    case 'autoask':
      return value;
    default:
      return 'no';
  }
}

function persistOf(value: string | undefined): number {
  if (value === 'yes' || value === 'true') return Infinity;
  return 1000 * (Number(value) || 0);
}
