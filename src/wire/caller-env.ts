/** The environment variables that a caller sends and an agent inherits, and patterns of names. */

/** What ssh and the programs that it runs need. Names that end in * match a prefix. */
export const CALLER_ENV = [
  'PATH',
  'HOME',
  'USER',
  'LOGNAME',
  'SHELL',
  'SSH_AUTH_SOCK',
  'SSH_ASKPASS',
  'SSH_ASKPASS_REQUIRE',
  'SSH_SK_PROVIDER',
  'KRB5CCNAME',
  'KRB5_CONFIG',
  'DISPLAY',
  'WAYLAND_DISPLAY',
  'TERM',
  'COLORTERM',
  'LANG',
  'LC_*',
  // Compared with the agent's settings (agent/other-settings).
  'SSH_POOL_*',
] as const;

/** Without variables of Node and of the dynamic linker: they would run foreign code, or open a debugger. */
export const AGENT_ENV = [
  'HOME',
  'USER',
  'LOGNAME',
  'SHELL',
  'LANG',
  'LC_*',
  'TZ',
  'TMPDIR',
  'XDG_RUNTIME_DIR',
  'XDG_STATE_HOME',
  'SSH_POOL_*',
] as const;

export const SYSTEM_PATH = '/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin';

/** Above this (bytes, one socket read) glibc frees at once; its default grows to 32 MB (mallopt(3)). */
export const MALLOC_THRESHOLD = '65536';

export function agentEnv(
  env: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, string>> {
  return {
    ...matchingEnv(env, AGENT_ENV),
    PATH: agentPath(env['PATH'] ?? ''),
    MALLOC_MMAP_THRESHOLD_: MALLOC_THRESHOLD,
  };
}

function agentPath(path: string): string {
  const given = path.split(':').filter((directory) => directory.startsWith('/'));
  return [...given, SYSTEM_PATH].join(':');
}

/** In patterns * and ? are wildcards. */
export function matchesEnv(name: string, patterns: readonly string[]): boolean {
  return matcher(patterns)(name);
}

export function matchingEnv(
  env: Readonly<Record<string, string | undefined>>,
  patterns: readonly string[],
): Readonly<Record<string, string>> {
  const isMatch = matcher(patterns);
  const matching = Object.entries(env).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && isMatch(entry[0]),
  );
  return Object.fromEntries(matching);
}

function matcher(patterns: readonly string[]): (name: string) => boolean {
  const expressions = patterns.map((pattern) => {
    const source = pattern
      .replace(/[\\^$+.()|[\]{}]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.');
    return new RegExp(`^${source}$`);
  });
  return (name) => expressions.some((expression) => expression.test(name));
}
