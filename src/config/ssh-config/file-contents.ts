/** Digests of files: calls that would read other contents under one path must not share a connection. */
import { createHash } from 'node:crypto';
import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readFileSync,
  statSync,
  type BigIntStats,
} from 'node:fs';
import { SshpoolError } from '../../base/errors.ts';
import { TtlCache } from '../../base/ttl-cache.ts';
import type { Clock } from '../../base/time.ts';

// Soon after a change a second one may leave stat(2) equal ("racy git"): FAT has a resolution of two seconds.
// Too short for a file system with coarse times and a clock behind this machine's.
const RACY_MS = 2500;
/** Key files and lists of hosts are smaller; a larger file is identified by its metadata alone. */
const MAX_BYTES = 4 * 1024 * 1024;
const MAX_FILES = 4096;

interface Known {
  readonly facts: string;
  readonly digest: string;
}

export class FileContents {
  readonly #clock: Clock;
  readonly #known: TtlCache<Known>;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#known = new TtlCache(clock, { lifeMs: Infinity, max: MAX_FILES });
  }

  /** A missing file has its own value. @throws SshpoolError NOT_SHARED if a file gives its contents once */
  digest(paths: readonly string[]): string {
    return paths.map((path) => this.#digestOf(path)).join(' ');
  }

  /** As digest, but only for regular files, with `onlyPrograms` executable ones; never throws. */
  digestFiles(paths: readonly string[], { onlyPrograms = false } = {}): string {
    const wanted = onlyPrograms ? 0o111n : 0o777n;
    const counts = (path: string): boolean => {
      const stat = OWN_DESCRIPTORS.test(path) ? undefined : statOf(path);
      return stat !== undefined && stat.isFile() && (stat.mode & wanted) !== 0n;
    };
    return paths.map((path) => (counts(path) ? this.#digestOf(path) : '-')).join(' ');
  }

  /** One text that changes whenever one of these files is written or replaced; reads none of them. */
  stamp(paths: readonly string[]): string {
    return paths.map((path) => factsOf(statOf(path))).join('\n');
  }

  #digestOf(path: string): string {
    refuseOwnDescriptors(path);
    const stat = statOf(path);
    if (stat === undefined) return '-';
    const { dev, ino, size, mtimeMs, ctimeMs } = stat;
    const facts = factsOf(stat);
    if (stat.isFIFO() || stat.isSocket()) throw notShared(path, 'gives its contents only once');
    // For a device such as /dev/null or a directory only its identity counts.
    if (!stat.isFile() || size > MAX_BYTES) return stat.isFile() ? facts : `${dev} ${ino}`;
    const newest = mtimeMs > ctimeMs ? mtimeMs : ctimeMs;
    const isRacy = BigInt(Math.floor(this.#clock.now())) - newest < RACY_MS;
    const known = this.#known.get(path);
    if (known?.facts === facts && !isRacy) return known.digest;
    const digest = contentsOf(path);
    this.#known.set(path, { facts, digest });
    return digest;
  }
}

function factsOf(stat: BigIntStats | undefined): string {
  if (stat === undefined) return '-';
  const { dev, ino, size, mtimeNs, ctimeNs } = stat;
  return `${dev} ${ino} ${size} ${mtimeNs} ${ctimeNs}`;
}

function statOf(path: string): BigIntStats | undefined {
  try {
    return statSync(path, { bigint: true, throwIfNoEntry: false });
  } catch {
    return undefined; // not accessible, which is the same to ssh
  }
}

function contentsOf(path: string): string {
  let file: number | undefined;
  try {
    // O_NONBLOCK: a named pipe may have replaced the file.
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    if (!fstatSync(file).isFile()) return '-';
    return createHash('sha256').update(readFileSync(file)).digest('base64');
  } catch {
    return 'unreadable';
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/** '' for other and unreadable files; never blocks. @throws SshpoolError NOT_SHARED (pipe, own descriptor) */
export function readPlainFile(path: string): string {
  refuseOwnDescriptors(path);
  const stat = statOf(path);
  // A named pipe is not opened: that would release its writer, and ssh would find no data.
  if (stat?.isFIFO()) throw notShared(path, 'gives its contents only once');
  if (!stat?.isFile()) return '';
  let file: number | undefined;
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    return fstatSync(file).isFile() ? readFileSync(file, 'utf8') : '';
  } catch {
    return ''; // it may appear later, and ssh itself reports a missing file that it needs
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/** These paths name a process's own descriptors; in the agent they would name the agent's. */
const OWN_DESCRIPTORS =
  /^\/(?:dev\/(?:fd(?:\/|$)|std(?:in|out|err)$)|proc\/(?:self|thread-self)\/)/;

/** @throws SshpoolError NOT_SHARED for a path with a different meaning in each process */
export function refuseOwnDescriptors(path: string): void {
  if (OWN_DESCRIPTORS.test(path)) throw notShared(path, 'is a file of the calling process alone');
}

function notShared(path: string, why: string): SshpoolError {
  return SshpoolError.of('NOT_SHARED', { what: `${path} ${why}`, hint: 'name a regular file' });
}
