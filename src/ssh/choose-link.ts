/** Chooses the link: ssh2, unless only OpenSSH can do it. Pure; the reason is shown to users. */
import { SshpoolError } from '../base/errors.ts';
import type { LinkSetting } from '../config/settings/settings.ts';
import type { SshOptions } from '../config/ssh-config/options.ts';
import { missingAlgorithms } from './ssh2/algorithms.ts';

export type LinkKind = 'ssh2' | 'openssh';

export interface LinkChoice {
  readonly kind: LinkKind;
  readonly reason: string;
}

export interface LinkCriteria {
  /** Only certificates are trusted for this host: a line @cert-authority, and no key. */
  readonly certAuthority: boolean;
  /** A type of the host's known keys, where ssh2 can verify none of them. */
  readonly knownType: string | undefined;
  /** GSSAPIAuthentication is on, and there is a Kerberos ticket to log in with. */
  readonly hasTicket: boolean;
  /** Why an earlier attempt over ssh2 failed, where OpenSSH may succeed. */
  readonly learned: string | undefined;
}

/** @throws SshpoolError NOT_OVER_SSH2 where SSH_POOL_LINK demands ssh2, which would ignore an option */
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

/** What the user's configuration demands and ssh2 cannot do; it must not be ignored. */
function demandsOf(options: SshOptions): string[] {
  const missing = missingAlgorithms(options).map((name) => `${name} has nothing for ssh2`);
  const postQuantum = prefersPostQuantum(options.kexAlgorithms)
    ? ['KexAlgorithms prefers post-quantum key exchange']
    : [];
  return [...options.opensshOnly, ...missing, ...postQuantum];
}

/** Facts for which a connect over ssh2 would fail; with SSH_POOL_LINK=ssh2 it is tried nevertheless. */
function needsOf({ certAuthority, knownType, hasTicket, learned }: LinkCriteria): string[] {
  return [
    ...(knownType === undefined ? [] : [`the host is known by a key of type ${knownType}`]),
    ...(certAuthority ? ['the host is known by a certificate authority'] : []),
    ...(hasTicket ? ['there is a Kerberos ticket, and GSSAPIAuthentication is on'] : []),
    ...(learned === undefined ? [] : [learned]),
  ];
}

const POST_QUANTUM = /^(?:sntrup|mlkem)/;

/** How OpenSSH's default KexAlgorithms begin (sntrup761 since 9.0, ML-KEM since 9.9), up to one for ssh2. */
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

/** OpenSSH's own defaults do not count: to obey them would rule out ssh2 for all (docs/DECISIONS.md). */
function prefersPostQuantum(kex: readonly string[]): boolean {
  if (!POST_QUANTUM.test(kex[0] ?? '')) return false;
  return !DEFAULTS.some((names) => names.every((name, at) => kex[at] === name));
}
