/** Whether a caller trusts the server of an open connection now: the known hosts may have changed since. */
import { createHash } from 'node:crypto';
import type { FileContents } from '../config/ssh-config/file-contents.ts';
import type { SshOptions } from '../config/ssh-config/options.ts';
import { TRUSTED, type Trust } from '../pool/connection/host-trust.ts';
import { readKnownHosts } from '../ssh/trust/known-hosts-file.ts';
import {
  fingerprint,
  judgeFingerprint,
  linesFor,
  lookupName,
} from '../ssh/trust/known-hosts-lines.ts';

/** @throws SshpoolError NOT_SHARED for a known_hosts file that can be read only once */
export function trustOf(options: SshOptions, contents: FileContents): Trust {
  const files = [...options.userKnownHostsFiles, ...options.globalKnownHostsFiles];
  return {
    stamp: contents.digest(files),
    judge: (link) => {
      const hostKey = link?.hostKey;
      const known = readKnownHosts(files);
      const name = lookupName(options);
      // Without its key (ssh makes its jumps itself, or a certificate) only known_hosts can be compared.
      if (hostKey === undefined) return digest(linesFor(known, name));
      const verdict = judgeFingerprint(known, name, hostKey);
      if (verdict.kind === 'match') return TRUSTED;
      if (verdict.kind === 'unknown') return verdict.kind;
      return `${verdict.kind} ${fingerprint(verdict.entry.key)}`;
    },
  };
}

/** The trust in a host and in the jump host before it, whose key ssh would verify each time, too. */
export function trustBehind(own: Trust, jump: Trust): Trust {
  return {
    stamp: `${own.stamp} ${jump.stamp}`,
    judge: (link) => {
      const judgements = [own.judge(link), jump.judge(link?.via)];
      return judgements.every((each) => each === TRUSTED) ? TRUSTED : judgements.join(' ');
    },
  };
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64');
}
