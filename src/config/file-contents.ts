/**
 * What files hold, as digests: two calls that would read other contents under the same path must not
 * share a connection. The facts of stat(2) tell when a file has to be read again. They do where the
 * file has not changed for a while; right after a change another one may leave them as they are, so
 * that such a file is read each time (as git does, "racy git"). They do not on a file system that has
 * coarse times and a clock behind ours.
 */
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
import { SshpoolError } from '../base/errors.ts';
import { TtlCache } from '../base/ttl-cache.ts';
import type { Clock } from '../base/time.ts';

/** So long after a change the facts of stat(2) are not trusted: FAT has times of two seconds. */
const RACY_MS = 2500;
/** A key file or a list of hosts is smaller; a larger file is told by its facts alone. */
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

  /**
   * One text for what all these files hold now, in their order; a file that is missing or that may
   * not be read counts as such. @throws SshpoolError NOT_SHARED where a file gives its contents once
   */
  digest(paths: readonly string[]): string {
    return paths.map((path) => this.#digestOf(path)).join(' ');
  }

  /** As digest, but only regular files count, with `onlyPrograms` those that can be run; never throws. */
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
    // A device such as /dev/null, or a directory: there is nothing more to know.
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
    return undefined; // out of reach, which is the same to ssh
  }
}

function contentsOf(path: string): string {
  let file: number | undefined;
  try {
    // Not waiting: a pipe may have taken the place of the file.
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    if (!fstatSync(file).isFile()) return '-';
    return createHash('sha256').update(readFileSync(file)).digest('base64');
  } catch {
    return 'unreadable';
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/**
 * The text of a regular file, '' where it is none or is not to be read; never waits.
 * @throws SshpoolError NOT_SHARED where it gives its contents once, or is the calling process's own
 */
export function readPlainFile(path: string): string {
  refuseOwnDescriptors(path);
  const stat = statOf(path);
  // Not opened: that would let its writer go on, and ssh find it gone.
  if (stat?.isFIFO()) throw notShared(path, 'gives its contents only once');
  if (!stat?.isFile()) return '';
  let file: number | undefined;
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    return fstatSync(file).isFile() ? readFileSync(file, 'utf8') : '';
  } catch {
    return ''; // it may appear, and ssh itself reports one that it needs
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/** These name what a process has open; in the agent they would name something of the agent. */
const OWN_DESCRIPTORS =
  /^\/(?:dev\/(?:fd(?:\/|$)|std(?:in|out|err)$)|proc\/(?:self|thread-self)\/)/;

/** @throws SshpoolError NOT_SHARED for a path that means something else in each process */
export function refuseOwnDescriptors(path: string): void {
  if (OWN_DESCRIPTORS.test(path)) throw notShared(path, 'is a file of the calling process alone');
}

function notShared(path: string, why: string): SshpoolError {
  return SshpoolError.of('NOT_SHARED', { what: `${path} ${why}`, hint: 'name a regular file' });
}
