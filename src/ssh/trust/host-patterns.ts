/** The host names of known_hosts lines (sshd(8)), plain and hashed, and what they match. Knows no keys. */
import { createHmac } from 'node:crypto';
import { decodeBase64 } from '../keys/public-key.ts';

/** `name` is in lower case. One pattern must match, and none that is negated (match.c). */
export function matchesHost(patterns: string, name: string): boolean {
  if (patterns.startsWith('|')) {
    const salt = saltOf(patterns);
    return salt !== undefined && hashName(name, salt) === patterns;
  }
  let isFound = false;
  for (const pattern of lowerCase(patterns).split(',')) {
    const isNegated = pattern.startsWith('!');
    if (!matchesPattern(isNegated ? pattern.slice(1) : pattern, name)) continue;
    if (isNegated) return false;
    isFound = true;
  }
  return isFound;
}

/** Wildcards without a regular expression: `*a*a*a...` in a file must not stop the process. */
function matchesPattern(pattern: string, name: string): boolean {
  let [at, inName] = [0, 0];
  let star: { readonly at: number; inName: number } | undefined;
  while (inName < name.length) {
    const wanted = pattern[at];
    if (wanted === '*') {
      star = { at: ++at, inName };
    } else if (wanted === '?' || wanted === name[inName]) {
      at++;
      inName++;
    } else if (star) {
      // Only the last star needs another try: it can take what any earlier one could.
      at = star.at;
      inName = ++star.inName;
    } else {
      return false;
    }
  }
  while (pattern[at] === '*') at++;
  return at === pattern.length;
}

/** The salt of `|1|salt|hash` (HMAC-SHA1 of the name under the salt); undefined if malformed. */
export function saltOf(patterns: string): Buffer | undefined {
  const base64 = /^\|1\|([^|]+)\|/.exec(patterns)?.[1];
  const salt = base64 === undefined ? undefined : decodeBase64(base64);
  return salt?.length === 20 ? salt : undefined;
}

/** A name as HashKnownHosts writes it: `|1|salt|hash` (ssh_config(5)). `salt` has 20 bytes. */
export function hashName(name: string, salt: Buffer): string {
  const digest = createHmac('sha1', salt).update(name).digest('base64');
  return `|1|${salt.toString('base64')}|${digest}`;
}

/** ASCII only, as tolower in the C locale: other letters must not become ASCII ones (K, U+212A). */
export function lowerCase(text: string): string {
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}
