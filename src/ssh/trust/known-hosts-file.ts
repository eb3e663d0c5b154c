/** known_hosts files on disk: reading, adding lines and removing some. */
import { randomBytes } from 'node:crypto';
import { constants, readFileSync, statSync } from 'node:fs';
import {
  link,
  mkdir,
  open,
  readFile,
  realpath,
  rename,
  rm,
  stat,
  type FileHandle,
} from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { parseKnownHosts, type KnownHost } from './known-hosts-lines.ts';

/** Makes the file, and a directory only if it is named .ssh (hostfile.c). Rejects with the system's error. */
export async function appendKnownHost(file: string, line: string): Promise<void> {
  if (basename(dirname(file)) === '.ssh') await makeDirectory(dirname(file));
  const handle = await open(file, 'a+', 0o600);
  try {
    const gap = (await endsInsideLine(handle)) ? '\n' : '';
    // One write under O_APPEND: two that append at the same time do not mix their lines.
    await handle.appendFile(gap + line);
  } finally {
    await handle.close();
  }
}

/** One level, as ssh; Node's recursive mkdir never returns below a directory in which none can be made. */
async function makeDirectory(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 });
  } catch {
    // It nearly always exists. If not, opening the file fails with the reason.
  }
}

async function endsInsideLine(handle: FileHandle): Promise<boolean> {
  const facts = await handle.stat();
  if (!facts.isFile() || facts.size === 0) return false;
  const { bytesRead, buffer } = await handle.read(Buffer.alloc(1), 0, 1, facts.size - 1);
  return bytesRead === 1 && buffer[0] !== 0x0a;
}

export async function loadKnownHosts(files: readonly string[]): Promise<KnownHost[]> {
  const texts = await Promise.all(files.map(readIfThere));
  return texts.flatMap((text, index) => parseKnownHosts(text, files[index] ?? ''));
}

/** Synchronous, for the rare case that the files changed while a connection is open. */
export function readKnownHosts(files: readonly string[]): KnownHost[] {
  return files.flatMap((file) => parseKnownHosts(readNow(file), file));
}

function readNow(file: string): string {
  try {
    return statSync(file).isFile() ? readFileSync(file, 'utf8') : '';
  } catch {
    return ''; // as below
  }
}

async function readIfThere(file: string): Promise<string> {
  let handle: FileHandle | undefined;
  try {
    // Non-blocking: a named pipe must not hold up the connection.
    handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
    const isFile = (await handle.stat()).isFile();
    return isFile ? await handle.readFile('utf8') : '';
  } catch {
    // As in ssh: a host that no readable file names is unknown.
    return '';
  } finally {
    await handle?.close();
  }
}

/** Keeps FILE.old (hostfile.c). Changes nothing if another process does. Rejects with the system's error. */
export async function removeKnownHosts(
  file: string,
  isObsolete: (entry: KnownHost) => boolean,
): Promise<void> {
  // The target of a symbolic link is replaced, not the link.
  const path = await realpath(file);
  const before = await stat(path);
  // As bytes: a comment may be in any encoding.
  const text = await readFile(path, 'latin1');
  const obsolete = new Set(
    parseKnownHosts(text, file)
      .filter(isObsolete)
      .map(({ line }) => line),
  );
  if (obsolete.size === 0) return;
  const kept = text.split('\n').filter((_, index) => !obsolete.has(index + 1));
  const [temporary, old] = [`${path}.${randomBytes(6).toString('hex')}`, `${path}.old`];
  try {
    await writeNew(temporary, Buffer.from(kept.join('\n'), 'latin1'), before.mode & 0o777);
    await rm(old, { force: true });
    await link(path, old);
    const now = await stat(path);
    const isSame = now.ino === before.ino && now.size === before.size;
    if (isSame && now.mtimeMs === before.mtimeMs) await rename(temporary, path);
  } finally {
    await rm(temporary, { force: true });
  }
}

async function writeNew(path: string, content: Buffer, mode: number): Promise<void> {
  const handle = await open(path, 'wx', mode);
  try {
    await handle.writeFile(content);
    await handle.sync();
  } finally {
    await handle.close();
  }
}
