/**
 * Where a process stands: its network, its files, and the code that is loaded into its programs. What
 * it starts sees the same; a connection that was made elsewhere may lead somewhere else.
 */
import { readlinkSync, statSync } from 'node:fs';

export interface Place {
  /** Network, mount table and root directory, each as a text to compare; '' where it is not known. */
  readonly surroundings: readonly string[];
  /** Names of variables that load code into programs, as proxychains and torsocks set them. */
  readonly preloads: readonly string[];
}

/** namespaces(7). */
const NAMESPACES = ['net', 'mnt'] as const;

/** ld.so(8) of Linux and the BSDs, dyld(1) of macOS. */
export const PRELOADS = ['LD_PRELOAD', 'LD_AUDIT', 'DYLD_INSERT_LIBRARIES'] as const;

/** That of this process with this environment. */
export function ownPlace(env: Readonly<Record<string, string | undefined>>): Place {
  const { dev, ino } = statSync('/', { bigint: true });
  return {
    surroundings: [...NAMESPACES.map(namespace), `${dev} ${ino}`],
    preloads: PRELOADS.filter((name) => env[name]),
  };
}

function namespace(name: string): string {
  try {
    return readlinkSync(`/proc/self/ns/${name}`);
  } catch {
    return ''; // a system without namespaces
  }
}

/** What is said where two processes differ in the surroundings of the same index. */
const DIFFERENCES = [
  'this call comes from another network namespace than the agent',
  'this call comes from another mount namespace than the agent',
  'this call comes from another root directory than the agent',
];

/** Why a caller must not use the connections of `here`; undefined where it may. */
export function difference(here: Place, caller: Place): string | undefined {
  const [preload] = caller.preloads;
  if (preload !== undefined) {
    return `${preload} is set, and what it does to a connection cannot be known`;
  }
  const at = here.surroundings.findIndex((text, index) => text !== caller.surroundings[index]);
  return at < 0 ? undefined : DIFFERENCES[at];
}
