/** The wildcards of ssh_config(5) and glob(7) as regular expressions; reads no file. */

export function patternRegex(pattern: string): RegExp {
  const source = pattern.replace(/[\\^$.*+?()[\]{}|]/g, (found) => {
    if (found === '*') return '.*';
    return found === '?' ? '.' : `\\${found}`;
  });
  return new RegExp(`^${source}$`, 'su');
}

export function isGlob(segment: string): boolean {
  return /[*?[]/.test(segment.replace(/\\./gs, ''));
}

/** One name of a path with `*`, `?`, `[...]` and `\` (glob(7)). A leading dot is matched only by a dot. */
export function globRegex(segment: string): RegExp {
  const parts = segment.match(/\\.|\[[!^]?\]?[^\]]*\]|[^]/gsu) ?? [];
  const source = parts.map(globPart).join('');
  return new RegExp(`^${segment.startsWith('.') ? '' : '(?!\\.)'}${source}$`, 'su');
}

export function unescapeGlob(segment: string): string {
  return segment.replace(/\\(.)/gs, '$1');
}

function globPart(part: string): string {
  if (part === '*') return '.*';
  if (part === '?') return '.';
  if (part.length > 1 && part.startsWith('[')) return bracket(part.slice(1, -1));
  return escape(part.startsWith('\\') && part.length > 1 ? part.slice(1) : part);
}

function bracket(inside: string): string {
  const negated = /^[!^]/.test(inside);
  const members = (negated ? inside.slice(1) : inside).replace(/[\\\]^[]/g, '\\$&');
  // A backward range matches nothing in glob(7) but is an error in a RegExp.
  for (const [, from = '', to = ''] of members.matchAll(/([^])-([^])/gu)) {
    if (from > to) return '(?!)';
  }
  return `[${negated ? '^' : ''}${members}]`;
}

function escape(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}
