/**
 * The paths of one option that takes several. `ssh -G` prints them with single spaces between and
 * without the quotes that they had, so that a space inside a path has to be guessed.
 */

/**
 * The most likely paths in `printed`: the longest run of words that is the name of a file; else a
 * word with those after it up to the next that begins a path with `/` or `~`. So a file that does
 * not exist yet keeps its spaces, while a relative path is taken for one only where the path
 * before it exists. The other guess would be dangerous: "/a b/known_hosts" would trust whatever
 * lies in b/known_hosts below the directory of the caller.
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
