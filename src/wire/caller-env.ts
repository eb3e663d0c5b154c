/** What a caller says of its environment without being asked, and patterns of names. */

/**
 * What a caller sends of its environment by itself: the key agent, where to ask, whose tickets to use,
 * the terminal's type and the language. Names that end in * match a prefix.
 */
export const CALLER_ENV = [
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
] as const;

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
