/** The place of a process: a connection made in another network or file system may lead to another host. */
import { readlinkSync, statSync } from 'node:fs';

export interface Place {
  /** Network, mount table and root directory, each as a text to compare; '' if unknown. */
  readonly surroundings: readonly string[];
  /** The set variables that redirect connections, as those of proxychains and torsocks. */
  readonly diversions: readonly string[];
}

const NAMESPACES = ['net', 'mnt'] as const;

/** They load code into programs (ld.so(8), dyld(1)) or configure the resolver (resolver(5), hostname(7)). */
export const DIVERSIONS = [
  'LD_PRELOAD',
  'LD_AUDIT',
  'DYLD_INSERT_LIBRARIES',
  'HOSTALIASES',
  'LOCALDOMAIN',
  'RES_OPTIONS',
] as const;

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

const DIFFERENCES = [
  'this call comes from another network namespace than the agent',
  'this call comes from another mount namespace than the agent',
  'this call comes from another root directory than the agent',
];

/** Why a caller must not use the connections of `here`; undefined if it may. */
export function difference(here: Place, caller: Place): string | undefined {
  const [diversion] = caller.diversions;
  if (diversion !== undefined) {
    return `${diversion} is set, and what it does to a connection cannot be known`;
  }
  const at = here.surroundings.findIndex((text, index) => text !== caller.surroundings[index]);
  return at < 0 ? undefined : DIFFERENCES[at];
}
