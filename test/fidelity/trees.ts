/** Directories of files: the input of the tools, and their results. */
import { createHash, randomBytes } from 'node:crypto';
import {
  closeSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join, relative } from 'node:path';

const PIECE = 10_000_000;

/** A file of random bytes, which does not compress. */
export function makeFile(file: string, bytes: number): string {
  const fd = openSync(file, 'w');
  for (let left = bytes; left > 0; left -= PIECE) {
    writeSync(fd, randomBytes(Math.min(PIECE, left)));
  }
  closeSync(fd);
  return file;
}

/** A hard link to the file. */
export function linkInto(directory: string, file: string): void {
  linkSync(file, join(directory, 'big'));
}

/** A few files of several kinds. */
export function makeTree(directory: string): void {
  mkdirSync(join(directory, 'deep', 'er'), { recursive: true });
  const write = (name: string, content: string | Buffer, mode = 0o644): void => {
    writeFileSync(join(directory, name), content, { mode });
    // A fixed time, so that the output of tools is the same each time.
    utimesSync(join(directory, name), 1e9, 1e9);
  };
  write('empty', '');
  write('text', 'one\ntwo\n');
  write('with a blank', 'x');
  write('deep/program', '#!/bin/sh\n', 0o755);
  write('deep/er/bytes', Buffer.from(Array.from({ length: 100_000 }, (_, at) => at % 251)));
  symlinkSync('text', join(directory, 'link'));
}

/** Each file below the directory, with its mode and checksum; without the internal files of git. */
export function treeOf(directory: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
    const file = join(entry.parentPath, entry.name);
    const name = relative(directory, file);
    if (entry.isDirectory() || /(^|\/)(\.git|remote\.git)\//.test(name)) continue;
    found[name] = entry.isSymbolicLink()
      ? `-> ${readlinkSync(file)}`
      : `${(lstatSync(file).mode & 0o777).toString(8)} ${sum(file)}`;
  }
  return found;
}

const sum = (file: string): string => createHash('sha256').update(readFileSync(file)).digest('hex');
