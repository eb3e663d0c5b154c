/** Options of ssh_config(5) about ssh's own connection sharing: a master and its socket. */
import { resolve } from 'node:path';

export interface ControlOptions {
  readonly controlPath: string | undefined;
  readonly controlMaster: 'no' | 'yes' | 'ask' | 'auto' | 'autoask';
  /** How long a master stays without sessions: 0 to end with the last one, Infinity for no limit. */
  readonly controlPersistMs: number;
}

/** `one` has the first value of an option, as `ssh -G` prints it. */
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

/** ControlPath=none as given: `ssh -G` prints it as if the option were unset. */
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
