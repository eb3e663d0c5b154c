/**
 * `~`, %-tokens and ${VARIABLES} in the values of ssh_config(5), expanded as ssh does (misc.c).
 * Pure: everything comes from the context, and no file or process is looked at.
 */
import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import { SshpoolError } from '../base/errors.ts';

export type Env = Readonly<Record<string, string | undefined>>;

/** Who and where we are: what the tokens about the local side stand for. */
export interface Account {
  /** The home directory of the user database (pw_dir), which ssh uses instead of $HOME. */
  readonly home: string;
  readonly user: string;
  readonly uid: number;
  /** The name of this machine, with its domain where gethostname(2) has one. */
  readonly localHost: string;
}

/** What the tokens stand for in one call. */
export interface TokenContext {
  readonly account: Account;
  readonly env: Env;
  /** %n: the host as typed. */
  readonly host: string;
  /** %h: the real host name. */
  readonly hostname: string;
  readonly port: number;
  readonly user: string;
  /** %k; the host as typed where there is none. */
  readonly hostKeyAlias?: string;
  /** %j: the host nearest to the target of ProxyJump, '' without one. */
  readonly jumpHost: string;
}

/** Which expansions one option allows (ssh_config(5), TOKENS and ENVIRONMENT VARIABLES). */
export interface Expansion {
  /** The option's name, for messages. */
  readonly option: string;
  /** The letters allowed after `%`; `%%` always is. */
  readonly tokens: string;
  readonly env: boolean;
}

/** What IdentityFile, CertificateFile and their like accept. */
export const PATH_TOKENS = 'CdhijkLlnpru';
/** What ProxyCommand and ProxyJump accept. */
export const PROXY_TOKENS = 'hnpr';

/**
 * `text` with tokens and variables expanded in one pass: what they stand for is not expanded again.
 * Throws SSH_CONFIG, as ssh gives up, for an unknown token and for a variable that is not set.
 */
export function expand(text: string, context: TokenContext, rules: Expansion): string {
  // Where variables are none of ours, what stands in `${}` may have tokens: a shell's `${a%%b}`.
  const pattern = rules.env ? /%(.?)|\$\{([^}]*)(\}?)/gsu : /%(.?)/gsu;
  return text.replace(pattern, (_, letter?: string, name?: string, close?: string) => {
    if (letter !== undefined) return token(letter, context, rules);
    return variable(name ?? '', close === '}', context.env, rules);
  });
}

/**
 * An absolute path: `~` and `~user` (our own user only; another's stays as it is), tokens and
 * variables expanded, a relative path taken from `cwd`. Throws as expand.
 */
export function expandPath(
  text: string,
  context: TokenContext,
  rules: Expansion & { readonly cwd: string },
): string {
  const { head, rest } = splitTilde(text, context.account);
  return resolve(rules.cwd, head + expand(rest, context, rules));
}

/** An absolute path where only `~` is to be expanded; a relative path is taken from `cwd`. */
export function expandTilde(text: string, account: Account, cwd: string): string {
  const { head, rest } = splitTilde(text, account);
  return resolve(cwd, head + rest);
}

/**
 * %C: SHA-1 in hex of %l%h%p%r%j (ssh_connection_hash). OpenSSH before 9.4 left %j out, so that
 * theirs differs from this one where there is a ProxyJump.
 */
export function connectionHash(context: TokenContext): string {
  const { account, hostname, port, user, jumpHost } = context;
  return createHash('sha1')
    .update(`${account.localHost}${hostname}${port}${user}${jumpHost}`)
    .digest('hex');
}

function splitTilde(text: string, account: Account): { head: string; rest: string } {
  const end = text.indexOf('/') < 0 ? text.length : text.indexOf('/');
  const name = text.slice(0, end);
  const ours = name === '~' || name === `~${account.user}`;
  return ours ? { head: account.home, rest: text.slice(end) } : { head: '', rest: text };
}

const VALUES: Readonly<Record<string, (context: TokenContext) => string>> = {
  C: connectionHash,
  d: (context) => context.account.home,
  h: (context) => context.hostname,
  i: (context) => String(context.account.uid),
  j: (context) => context.jumpHost,
  k: (context) => context.hostKeyAlias ?? context.host,
  L: (context) => context.account.localHost.split('.')[0] ?? '',
  l: (context) => context.account.localHost,
  n: (context) => context.host,
  p: (context) => String(context.port),
  r: (context) => context.user,
  u: (context) => context.account.user,
};

function token(letter: string, context: TokenContext, rules: Expansion): string {
  if (letter === '%') return '%';
  const value = rules.tokens.includes(letter) && letter !== '' ? VALUES[letter] : undefined;
  if (value !== undefined) return value(context);
  const problem = `${rules.option}: %${letter} is not a token that it accepts`;
  throw SshpoolError.of('SSH_CONFIG', { problem });
}

function variable(name: string, closed: boolean, env: Env, rules: Expansion): string {
  const value = closed ? env[name] : undefined;
  if (value !== undefined) return value;
  const what = closed ? `the environment variable ${name} is not set` : '"${" is not closed';
  throw SshpoolError.of('SSH_CONFIG', { problem: `${rules.option}: ${what}` });
}
