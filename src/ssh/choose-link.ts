/**
 * Which link a connection is made over: ssh2, unless something is needed that only OpenSSH can do.
 * Pure; the reason is for people.
 */
import { SshpoolError } from '../base/errors.ts';
import type { LinkSetting } from '../config/settings.ts';
import type { SshOptions } from '../config/ssh-options.ts';
import { missingAlgorithms } from './ssh2/algorithms.ts';

export type LinkKind = 'ssh2' | 'openssh';

export interface LinkChoice {
  readonly kind: LinkKind;
  readonly reason: string;
}

/** What is known of a target beside its options. */
export interface LinkCriteria {
  /** Only certificates are trusted for this host: a line @cert-authority, and no key. */
  readonly certAuthority: boolean;
  /** The host is known, but by no key of a type that ssh2 can verify; one of the types. */
  readonly knownType: string | undefined;
  /** GSSAPIAuthentication is on, and there is a Kerberos ticket to log in with. */
  readonly hasTicket: boolean;
  /** Why an earlier attempt over ssh2 failed that OpenSSH may succeed with. */
  readonly learned: string | undefined;
}

/**
 * @throws SshpoolError NOT_OVER_SSH2 where ssh2 is demanded and would have to disregard an option
 */
export function chooseLink(
  setting: LinkSetting,
  options: SshOptions,
  facts: LinkCriteria,
): LinkChoice {
  const demands = demandsOf(options);
  if (setting === 'ssh2') {
    const [what] = demands;
    if (what !== undefined) throw SshpoolError.of('NOT_OVER_SSH2', { what });
  }
  if (setting !== 'auto') return { kind: setting, reason: `SSH_POOL_LINK is ${setting}` };
  const [reason] = [...demands, ...needsOf(facts)];
  if (reason !== undefined) return { kind: 'openssh', reason };
  return { kind: 'ssh2', reason: 'nothing here needs OpenSSH' };
}

/** What the user's configuration asks for: to pass over it would be to disobey. */
function demandsOf(options: SshOptions): string[] {
  const missing = missingAlgorithms(options).map((name) => `${name} has nothing for ssh2`);
  const postQuantum = prefersPostQuantum(options.kexAlgorithms)
    ? ['KexAlgorithms prefers post-quantum key exchange']
    : [];
  return [...options.opensshOnly, ...missing, ...postQuantum];
}

/** Without what it would fail; somebody who insists on ssh2 may see it fail. */
function needsOf({ certAuthority, knownType, hasTicket, learned }: LinkCriteria): string[] {
  return [
    ...(knownType === undefined ? [] : [`the host is known by a key of type ${knownType}`]),
    ...(certAuthority ? ['the host is known by a certificate authority'] : []),
    ...(hasTicket ? ['there is a Kerberos ticket, and GSSAPIAuthentication is on'] : []),
    ...(learned === undefined ? [] : [learned]),
  ];
}

const POST_QUANTUM = /^(?:sntrup|mlkem)/;

/**
 * The first names of the lists that OpenSSH has where nobody chose one: sntrup761 since 9.0, ML-KEM
 * since 9.9. A classical one follows, so that ssh2 has something to offer.
 */
const DEFAULTS = [
  ['sntrup761x25519-sha512@openssh.com', 'curve25519-sha256'],
  ['sntrup761x25519-sha512', 'sntrup761x25519-sha512@openssh.com', 'curve25519-sha256'],
  [
    'sntrup761x25519-sha512',
    'sntrup761x25519-sha512@openssh.com',
    'mlkem768x25519-sha256',
    'curve25519-sha256',
  ],
  [
    'mlkem768x25519-sha256',
    'sntrup761x25519-sha512',
    'sntrup761x25519-sha512@openssh.com',
    'curve25519-sha256',
  ],
];

/**
 * Whether the user put one first. By default OpenSSH does so too, but then it is nobody's demand,
 * and the price would be ssh2 for everybody (docs/DECISIONS.md).
 */
function prefersPostQuantum(kex: readonly string[]): boolean {
  if (!POST_QUANTUM.test(kex[0] ?? '')) return false;
  return !DEFAULTS.some((names) => names.every((name, at) => kex[at] === name));
}
