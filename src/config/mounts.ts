/**
 * File systems that may not answer: one of another machine, or of another process (NFS, CIFS, FUSE). The
 * agent serves all callers in one thread, and must open nothing there before it has answered.
 */
import { lstatSync, readFileSync, readlinkSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { SshpoolError } from '../base/errors.ts';
import { Memory } from '../base/memory.ts';
import type { Clock } from '../base/time.ts';

/** Of this machine: they answer, or nothing does. */
const LOCAL =
  /^(?:ext[234]|xfs|btrfs|zfs|f2fs|bcachefs|jfs|reiserfs|tmpfs|ramfs|rootfs|overlay|squashfs|erofs|vfat|exfat|ntfs3|iso9660|proc|sysfs|devtmpfs)$/;

/** How long a file system may take, and for how long it is known where a path leads. */
const LIMIT_MS = 1000;
const KNOWN = { lifeMs: 10_000, max: 4096 };
/** As the system has it (path_resolution(7)). */
const MAX_LINKS = 40;

interface Mount {
  readonly point: string;
  readonly type: string;
}

export interface MountSources {
  readonly clock: Clock;
  /** proc(5), /proc/self/mountinfo; empty where there is none. */
  readonly mountInfo?: () => string;
  /** Settles when the file system has answered. */
  readonly ask?: (path: string) => Promise<unknown>;
}

export class Mounts {
  readonly #sources: Required<MountSources>;
  /** By path, the mount point of the first file system on the way that may not answer; '' for none. */
  readonly #doubtful: Memory<string>;
  readonly #mounts: Memory<readonly Mount[]>;
  /** One question at a time for each: each takes a thread for as long as there is no answer. */
  readonly #asked = new Map<string, Promise<unknown>>();

  constructor(sources: MountSources) {
    this.#sources = { mountInfo: readMountInfo, ask: stat, ...sources };
    this.#doubtful = new Memory(sources.clock, KNOWN);
    this.#mounts = new Memory(sources.clock, { ...KNOWN, max: 1 });
  }

  /** Resolves where all these may be opened. @throws SshpoolError NOT_SHARED where one does not answer */
  async answer(paths: readonly string[]): Promise<void> {
    const doubtful = paths.filter((path) => this.doubtfulPoint(path) !== '');
    if (doubtful.length === 0) return;
    const points = new Map(doubtful.map((path) => [this.doubtfulPoint(path), path]));
    await Promise.all([...points].map(([point, path]) => this.#ask(point, path)));
  }

  async #ask(point: string, path: string): Promise<void> {
    const { clock, ask } = this.#sources;
    const done = (): void => void this.#asked.delete(point);
    const asked = this.#asked.get(point) ?? ask(path).then(done, done);
    this.#asked.set(point, asked);
    const isLate = await new Promise<boolean>((resolve_) => {
      const timer = clock.after(LIMIT_MS, () => resolve_(true));
      void asked.then(() => {
        timer.cancel();
        resolve_(false);
      });
    });
    if (!isLate) return;
    const what = `${path}: the file system at ${point} does not answer`;
    throw SshpoolError.of('NOT_SHARED', { what, hint: 'wait for it' });
  }

  /** Where the first file system is mounted, on the way to this path, that may not answer; '' for none. */
  doubtfulPoint(path: string): string {
    const known = this.#doubtful.get(path);
    if (known !== undefined) return known;
    const found = firstDoubtful(path, this.#table());
    this.#doubtful.set(path, found);
    return found;
  }

  #table(): readonly Mount[] {
    const known = this.#mounts.get('');
    if (known) return known;
    const mounts = parseMountInfo(this.#sources.mountInfo());
    this.#mounts.set('', mounts);
    return mounts;
  }
}

function readMountInfo(): string {
  try {
    return readFileSync('/proc/self/mountinfo', 'utf8');
  } catch {
    return ''; // a system without /proc
  }
}

/** Later mounts are over earlier ones. */
function parseMountInfo(text: string): Mount[] {
  return text.split('\n').flatMap((line) => {
    const [before = '', after = ''] = line.split(' - ');
    const [point, type] = [before.split(' ')[4], after.split(' ')[0]];
    return point && type ? [{ point: unescape(point), type }] : [];
  });
}

/** Blanks are octal there. */
function unescape(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal: string) =>
    String.fromCharCode(Number.parseInt(octal, 8)),
  );
}

/** Walks a path as the system would, link by link, and looks at nothing behind a doubtful mount. */
function firstDoubtful(path: string, mounts: readonly Mount[]): string {
  let left = resolve('/', path).split('/').filter(Boolean);
  let at = '/';
  for (let links = 0; left.length > 0 && links <= MAX_LINKS;) {
    const [name = '', ...rest] = left;
    const next = join(at, name);
    const mount = mounts.findLast(({ point }) => isWithin(next, point));
    if (mount !== undefined && !LOCAL.test(mount.type)) return mount.point;
    const target = linkTarget(next);
    left = rest;
    if (target === undefined) at = next;
    else {
      links += 1;
      left = [...resolve(dirname(next), target).split('/').filter(Boolean), ...rest];
      at = '/';
    }
  }
  return '';
}

function isWithin(path: string, point: string): boolean {
  return point === '/' || path === point || path.startsWith(`${point}/`);
}

/** Undefined where it is no link, or not there. */
function linkTarget(path: string): string | undefined {
  try {
    return lstatSync(path).isSymbolicLink() ? readlinkSync(path) : undefined;
  } catch {
    return undefined; // ssh will find nothing there either
  }
}
