/**
 * Splits the paths of an option that takes several. `ssh -G` prints them separated by single spaces and
 * without quotes, so spaces inside paths have to be guessed.
 */

/**
 * The most likely paths in `printed`: the longest run of words that names an existing file; otherwise a
 * word and those after it, up to the next that begins with `/` or `~`. So a file that does not exist
 * yet keeps its spaces, and a relative path is recognized only if the path before it exists. The
 * opposite guess would be dangerous: "/a b/known_hosts" would trust b/known_hosts in the caller's
 * directory.
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
