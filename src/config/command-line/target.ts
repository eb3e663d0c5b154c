/** Parses what the user typed as HOST and rejects dangerous text. `ssh -G` interprets the name. */
import type { SshpoolError } from '../../base/errors.ts';
import { usageError } from '../../base/usage-errors.ts';

/** A checked HOST: `text` as typed, `host` without user and port (an IPv6 address without []). */
export interface Target {
  readonly text: string;
  readonly host: string;
  readonly user?: string;
  readonly port?: number;
}

/** Rejects what ssh.c does (valid_hostname, valid_ruser), and white space. @throws SshpoolError USAGE */
export function parseTarget(text: string): Target {
  if (text === '') throw refuse(text, 'it is empty');
  if (text.startsWith('-')) throw refuse(text, 'it begins with "-"', 'options go before HOST');
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  if (/[\s\u0000-\u001f\u007f-\u009f]/u.test(text)) {
    throw refuse(text, 'it holds white space or a control character');
  }
  const target = text.startsWith('ssh://') ? fromUri(text) : fromName(text);
  checkHost(text, target.host);
  if (target.user !== undefined) checkUser(target.user, text);
  return target;
}

/** To follow the user's own options: ssh keeps the first -l and -p, so those win over USER@HOST. */
export function targetArgs(target: Target): string[] {
  // Not `text`: ssh (9.2 and 10.x) rejects an IPv6 address in an ssh:// target.
  const user = target.user === undefined ? [] : ['-l', target.user];
  const port = target.port === undefined ? [] : ['-p', String(target.port)];
  return [...user, ...port, '--', target.host];
}

export function parsePort(text: string): number | undefined {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  return port >= 1 && port <= 65_535 ? port : undefined;
}

/** @throws SshpoolError USAGE if `user` could reach a shell through %r in a ProxyCommand or Match exec */
export function checkUser(user: string, text: string): void {
  // As valid_ruser (with `$` since OpenSSH 10.6). A backslash may be inside: Active Directory's DOMAIN\user.
  const bad =
    user === '' ||
    user.startsWith('-') ||
    /['`";&<>|(){}$]/.test(user) ||
    // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
    /[\u0000-\u001f\u007f]|\s-|\\$/.test(user);
  if (bad) throw refuse(text, 'the user name holds characters that a shell would act on');
}

function checkHost(text: string, host: string): void {
  if (host === '') throw refuse(text, 'it names no host');
  if (host.startsWith('-')) throw refuse(text, 'the host name begins with "-"');
  // oxlint-disable-next-line no-control-regex -- an escape in [] may have brought one in
  if (/['`"$\\;&<>|(){},\s\u0000-\u001f\u007f]/.test(host)) {
    throw refuse(text, 'the host name holds characters that a shell would act on');
  }
}

function fromName(text: string): Target {
  const at = text.lastIndexOf('@');
  if (at < 0) return { text, host: text };
  if (at === 0) throw refuse(text, 'there is no user name before "@"');
  return { text, user: text.slice(0, at), host: text.slice(at + 1) };
}

/** misc.c, parse_uri: connection parameters after `;` are ignored; a path is an error. */
function fromUri(text: string): Target {
  const parts = /^ssh:\/\/(?:([^@/]*)@)?(\[[^\]/@]*\]|[^:/@[\]]*)(?::(\d*))?\/?$/.exec(text);
  if (parts === null) throw refuse(text, 'it is not of the form ssh://[USER@]HOST[:PORT]');
  const [, userinfo, name = '', digits = ''] = parts;
  const host = name.startsWith('[') ? decode(text, name.slice(1, -1)) : name;
  const port = parsePort(digits);
  if (digits !== '' && port === undefined) throw refuse(text, `${digits} is not a port`);
  return {
    text,
    host,
    ...(userinfo === undefined ? {} : { user: decode(text, userinfo.split(';')[0] ?? '') }),
    ...(port === undefined ? {} : { port }),
  };
}

function decode(text: string, part: string): string {
  // In [fe80::1%eth0] the % stands for itself (RFC 6874 wants %25, people type %).
  const escaped = part.replace(/%(?![0-9A-Fa-f]{2})/g, '%25');
  try {
    return decodeURIComponent(escaped);
  } catch (error) {
    throw refuse(text, 'its %-escapes are not UTF-8', undefined, error);
  }
}

function refuse(text: string, problem: string, hint?: string, cause?: unknown): SshpoolError {
  return usageError('BAD_HOST', { host: text, problem, hint }, cause);
}
