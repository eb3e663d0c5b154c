/** Splits a list of paths, which `ssh -G` prints without quotes: spaces inside paths have to be guessed. */

/**
 * The longest run of words that names a file, otherwise a word and those up to the next with `/` or `~`. The
 * opposite guess would be dangerous: "/a b/known_hosts" would trust b/known_hosts in the caller's directory.
 */
export function splitFileList(printed: string, isFile: (path: string) => boolean): string[] {
  const words = printed.split(' ');
  const paths: string[] = [];
  let start = 0;
  while (start < words.length) {
    const end = fileEnd(words, start, isFile) ?? nextPath(words, start + 1);
    const path = words.slice(start, end).join(' ');
    if (path !== '') paths.push(path);
    start = end;
  }
  return paths;
}

function fileEnd(
  words: readonly string[],
  start: number,
  isFile: (path: string) => boolean,
): number | undefined {
  for (let end = words.length; end > start; end--) {
    if (isFile(words.slice(start, end).join(' '))) return end;
  }
  return undefined;
}

function nextPath(words: readonly string[], from: number): number {
  const next = words.findIndex((word, index) => index >= from && /^[/~]/.test(word));
  return next < 0 ? words.length : next;
}
