/**
 * The environment variables that a caller always sends, those that an agent inherits, and patterns of
 * names.
 */

/**
 * The variables that a caller always sends: what ssh and the programs that ssh runs need, the key
 * agent, askpass, Kerberos tickets, the terminal type and the language. Names that end in * match a
 * prefix.
 */
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

/**
 * The variables that an agent inherits from the call that starts it. Variables of Node and of the
 * dynamic linker are not included: they would run foreign code in the agent, or open a debugger. PATH
 * is built by agentPath.
 */
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

/** The usual directories of programs. */
export const SYSTEM_PATH = '/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin';

/**
 * From this size on (bytes) glibc's malloc returns memory as soon as it is freed: the size of one
 * socket read. The dynamic default grows up to 32 MB (mallopt(3)), and an agent would keep the memory
 * of a burst.
 */
export const MALLOC_THRESHOLD = '65536';

/** The environment of an agent that is started from this environment. */
export function agentEnv(
  env: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, string>> {
  return {
    ...matchingEnv(env, AGENT_ENV),
    PATH: agentPath(env['PATH'] ?? ''),
    MALLOC_MMAP_THRESHOLD_: MALLOC_THRESHOLD,
  };
}

/** The absolute directories of the starter's PATH, and the system's. */
function agentPath(path: string): string {
  const given = path.split(':').filter((directory) => directory.startsWith('/'));
  return [...given, SYSTEM_PATH].join(':');
}

/** Whether `name` is matched by one of the patterns, in which * and ? are wildcards. */
export function matchesEnv(name: string, patterns: readonly string[]): boolean {
  return matcher(patterns)(name);
}

/** The variables of `env` that match. */
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
