/** The question whether an unknown host key is to be trusted, in ssh's words (sshconnect.c). Pure. */
import type { KnownHost } from './known-hosts-lines.ts';
import { isAtLeast } from '../link/ssh-version.ts';

export interface UnknownKey {
  readonly host: string;
  readonly address: string | undefined;
  readonly port: number;
  readonly keyType: string;
  readonly fingerprint: string;
  /** Lines that have this key for other hosts. */
  readonly others: readonly KnownHost[];
  readonly home: string | undefined;
  readonly version: string;
}

const MAX_OTHERS = 8;

export function hostKeyQuestion(unknown: UnknownKey): string {
  const { host, keyType, fingerprint, version } = unknown;
  const print = isAtLeast(version, 10, 1) ? `: ${fingerprint}` : ` ${fingerprint}.`;
  return [
    `The authenticity of host '${host} (${addressOf(unknown)})' can't be established.`,
    `${keyType} key fingerprint is${print}`,
    ...othersOf(unknown),
    'Are you sure you want to continue connecting (yes/no/[fingerprint])? ',
  ].join('\n');
}

export const ASK_AGAIN = "Please type 'yes', 'no' or the fingerprint: ";

export type HostKeyAnswer = 'yes' | 'no' | 'unclear';

/** Parses the answer (sshconnect.c, confirm): its first word counts, and an empty one means no. */
export function parseHostKeyAnswer(answer: string, fingerprint: string): HostKeyAnswer {
  const word = answer.trim().split(/[ \t]/, 1)[0] ?? '';
  if (word === fingerprint || word.toLowerCase() === 'yes') return 'yes';
  return word === '' || word.toLowerCase() === 'no' ? 'no' : 'unclear';
}

function addressOf({ address, port }: UnknownKey): string {
  if (address === undefined) return '<no hostip for proxy command>';
  return port === 22 ? address : `[${address}]:${port}`;
}

function othersOf({ others, home }: UnknownKey): string[] {
  if (others.length === 0) return ['This key is not known by any other names.'];
  const shown = others.slice(0, MAX_OTHERS).map(({ file, line, patterns }) => {
    const path = home && file.startsWith(`${home}/`) ? `~${file.slice(home.length)}` : file;
    return `    ${path}:${line}: ${patterns.startsWith('|') ? '[hashed name]' : patterns}`;
  });
  const left = others.length - shown.length;
  return [
    'This host key is known by the following other names/addresses:',
    ...shown,
    ...(left === 0 ? [] : [`    (${left} additional names omitted)`]),
  ];
}
