/** Expands `~`, %-tokens and ${VARIABLES} in values of ssh_config(5), as ssh does (misc.c). Pure. */
import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import { SshpoolError } from '../../base/errors.ts';

export type Env = Readonly<Record<string, string | undefined>>;

export interface Account {
  /** The home directory of the user database (pw_dir), which ssh uses instead of $HOME. */
  readonly home: string;
  readonly user: string;
  readonly uid: number;
  /** The name of this machine, with its domain where gethostname(2) has one. */
  readonly localHost: string;
}

/** `host` is as typed (%n), `hostname` the real one (%h), `jumpHost` nearest to the target, or ''. */
export interface TokenContext {
  readonly account: Account;
  readonly env: Env;
  readonly host: string;
  readonly hostname: string;
  readonly port: number;
  readonly user: string;
  readonly hostKeyAlias?: string;
  readonly jumpHost: string;
}

/** Which expansions one option allows (ssh_config(5), TOKENS and ENVIRONMENT VARIABLES). */
export interface Expansion {
  readonly option: string;
  /** The letters allowed after `%`; `%%` always is. */
  readonly tokens: string;
  readonly env: boolean;
}

export const PATH_TOKENS = 'CdhijkLlnpru';
export const PROXY_TOKENS = 'hnpr';

/** Inserted values are not expanded again. @throws SshpoolError SSH_CONFIG, where ssh fails as well */
export function expand(text: string, context: TokenContext, rules: Expansion): string {
  // If variables are not expanded, `${}` may contain tokens: a shell's `${a%%b}`.
  const pattern = rules.env ? /%(.?)|\$\{([^}]*)(\}?)/gsu : /%(.?)/gsu;
  return text.replace(pattern, (_, letter?: string, name?: string, close?: string) => {
    if (letter !== undefined) return token(letter, context, rules);
    return variable(name ?? '', close === '}', context.env, rules);
  });
}

/** `~user` only for the current user; others stay unchanged. @throws as expand */
export function expandPath(
  text: string,
  context: TokenContext,
  rules: Expansion & { readonly cwd: string },
): string {
  const { head, rest } = splitTilde(text, context.account);
  return resolve(rules.cwd, head + expand(rest, context, rules));
}

export function expandTilde(text: string, account: Account, cwd: string): string {
  const { head, rest } = splitTilde(text, account);
  return resolve(cwd, head + rest);
}

/** %C (ssh_connection_hash). OpenSSH before 9.4 left out %j, so its value differs with a ProxyJump. */
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
