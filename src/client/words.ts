/** The words of this command line as bytes: Node decodes them, and replaces invalid UTF-8 by U+FFFD. */
import { readFileSync } from 'node:fs';

const NUL = 0;

export function wordBytes(words: readonly string[]): Buffer[] {
  const decoded = words.map((word) => Buffer.from(word));
  if (!words.some((word) => word.includes('\uFFFD'))) return decoded;
  const given = commandLine().slice(-words.length);
  return given.length === words.length ? given : decoded;
}

function commandLine(): Buffer[] {
  const words: Buffer[] = [];
  let bytes: Buffer;
  try {
    bytes = readFileSync('/proc/self/cmdline');
  } catch {
    return []; // not Linux
  }
  for (let from = 0; from < bytes.length;) {
    const end = bytes.indexOf(NUL, from);
    words.push(bytes.subarray(from, end));
    from = end + 1;
  }
  return words;
}
