/**
 * Where a process stands: its network, its files, and what diverts the connections of its programs, as
 * proxychains and torsocks do. A connection that was made elsewhere may lead somewhere else.
 */
import { readlinkSync, statSync } from 'node:fs';

export interface Place {
  /** Network, mount table and root directory, each as a text to compare; '' where it is not known. */
  readonly surroundings: readonly string[];
  /** Which variables are set that make a program's connections lead elsewhere. */
  readonly diversions: readonly string[];
}

/** namespaces(7). */
const NAMESPACES = ['net', 'mnt'] as const;

/** Code that is loaded into programs (ld.so(8), dyld(1)), and the resolver's own (resolver(5), hostname(7)). */
export const DIVERSIONS = [
  'LD_PRELOAD',
  'LD_AUDIT',
  'DYLD_INSERT_LIBRARIES',
  'HOSTALIASES',
  'LOCALDOMAIN',
  'RES_OPTIONS',
] as const;

/** That of this process with this environment. */
export function ownPlace(env: Readonly<Record<string, string | undefined>>): Place {
  const { dev, ino } = statSync('/', { bigint: true });
  return {
    surroundings: [...NAMESPACES.map(namespace), `${dev} ${ino}`],
    diversions: DIVERSIONS.filter((name) => env[name]),
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
  const [diversion] = caller.diversions;
  if (diversion !== undefined) {
    return `${diversion} is set, and what it does to a connection cannot be known`;
  }
  const at = here.surroundings.findIndex((text, index) => text !== caller.surroundings[index]);
  return at < 0 ? undefined : DIFFERENCES[at];
}
