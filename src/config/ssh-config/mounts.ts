/** Finds file systems that may block (NFS, CIFS, FUSE): one thread of the agent serves all callers. */
import { lstatSync, readFileSync, readlinkSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { SshpoolError } from '../../base/errors.ts';
import type { Clock } from '../../base/time.ts';

const LOCAL =
  /^(?:ext[234]|xfs|btrfs|zfs|f2fs|bcachefs|jfs|reiserfs|tmpfs|ramfs|rootfs|overlay|squashfs|erofs|vfat|exfat|ntfs3|iso9660|proc|sysfs|devtmpfs)$/;

const LIMIT_MS = 1000;
const KNOWN_MS = 10_000;
const MAX_KNOWN = 4096;
/** Longer paths are not cached: callers choose them, and each prefix would take an entry. */
const MAX_KEPT = 256;
/** The system's limits: PATH_MAX and path_resolution(7). */
const MAX_PATH = 4096;
const MAX_LINKS = 40;

interface Mount {
  readonly point: string;
  readonly type: string;
}

/** `doubtful` is the mount point, if it may block, else ''; `target` that of a link. */
interface Step {
  readonly doubtful: string;
  readonly target: string | undefined;
}

interface Known {
  readonly until: number;
  readonly mounts: readonly Mount[];
  readonly doubtful: Map<string, string>;
  /** By prefix, as most paths share one; `doubtful` is by path. */
  readonly steps: Map<string, Step>;
}

export interface MountSources {
  readonly clock: Clock;
  /** The text of /proc/self/mountinfo (proc(5)); empty without it. */
  readonly mountInfo?: () => string;
  readonly ask?: (path: string) => Promise<unknown>;
}

export class Mounts {
  readonly #sources: Required<MountSources>;
  #known: Known | undefined;
  /** One request at a time for each mount point: it occupies a thread until the answer. */
  readonly #asked = new Map<string, Promise<unknown>>();

  constructor(sources: MountSources) {
    this.#sources = { mountInfo: readMountInfo, ask: stat, ...sources };
  }

  /** Resolves when all may be opened. @throws SshpoolError NOT_SHARED if a file system does not answer */
  async answer(paths: readonly string[]): Promise<void> {
    const known = this.#current();
    const points = new Map<string, string>();
    for (const path of paths) points.set(doubtfulPoint(path, known), path);
    points.delete('');
    if (points.size === 0) return;
    await Promise.all([...points].map(([point, path]) => this.#ask(point, path)));
  }

  async #ask(point: string, path: string): Promise<void> {
    const { clock, ask } = this.#sources;
    const done = (): void => void this.#asked.delete(point);
    const asked = this.#asked.get(point) ?? ask(path).then(done, done);
    this.#asked.set(point, asked);
    const isLate = await new Promise<boolean>((resolve) => {
      const timer = clock.after(LIMIT_MS, () => resolve(true));
      void asked.then(() => {
        timer.cancel();
        resolve(false);
      });
    });
    if (!isLate) return;
    const what = `${path}: the file system at ${point} does not answer`;
    throw SshpoolError.of('NOT_SHARED', { what, hint: 'wait for it' });
  }

  /** Of the first file system on the way that may block; '' for none. */
  doubtfulPoint(path: string): string {
    return doubtfulPoint(path, this.#current());
  }

  #current(): Known {
    const now = this.#sources.clock.monotonic();
    const known = this.#known;
    const isFull = known && Math.max(known.doubtful.size, known.steps.size) >= MAX_KNOWN;
    if (known && now < known.until && !isFull) return known;
    const mounts = parseMountInfo(this.#sources.mountInfo());
    this.#known = { until: now + KNOWN_MS, mounts, doubtful: new Map(), steps: new Map() };
    return this.#known;
  }
}

function doubtfulPoint(path: string, known: Known): string {
  const before = known.doubtful.get(path);
  if (before !== undefined) return before;
  const found = firstDoubtful(path, (next) => stepTo(next, known));
  if (path.length <= MAX_KEPT) known.doubtful.set(path, found);
  return found;
}

function stepTo(path: string, { mounts, steps }: Known): Step {
  const before = steps.get(path);
  if (before) return before;
  const mount = mounts.findLast(({ point }) => isWithin(path, point));
  const isDoubtful = mount !== undefined && !LOCAL.test(mount.type);
  const step = isDoubtful
    ? { doubtful: mount.point, target: undefined }
    : { doubtful: '', target: linkTarget(path) };
  if (path.length <= MAX_KEPT) steps.set(path, step);
  return step;
}

function readMountInfo(): string {
  try {
    return readFileSync('/proc/self/mountinfo', 'utf8');
  } catch {
    return ''; // a system without /proc
  }
}

/** Later mounts cover earlier ones. */
function parseMountInfo(text: string): Mount[] {
  return text.split('\n').flatMap((line) => {
    const [before = '', after = ''] = line.split(' - ');
    const [point, type] = [before.split(' ')[4], after.split(' ')[0]];
    return point && type ? [{ point: unescape(point), type }] : [];
  });
}

function unescape(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal: string) =>
    String.fromCharCode(Number.parseInt(octal, 8)),
  );
}

/** As path_resolution(7). By hand: node:path would scan each path again for each of its names. */
function firstDoubtful(path: string, step: (path: string) => Step): string {
  if (path.length >= MAX_PATH) return '';
  const left = path.split('/').toReversed();
  let at = '';
  let links = 0;
  for (let name = left.pop(); name !== undefined && links <= MAX_LINKS; name = left.pop()) {
    if (name === '' || name === '.') continue;
    if (name === '..') {
      at = at.slice(0, Math.max(0, at.lastIndexOf('/')));
      continue;
    }
    const next = `${at}/${name}`;
    if (next.length >= MAX_PATH) return '';
    const { doubtful, target } = step(next);
    if (doubtful !== '') return doubtful;
    if (target === undefined) at = next;
    else {
      links += 1;
      left.push(...target.split('/').toReversed());
      if (target.startsWith('/')) at = '';
    }
  }
  return '';
}

function isWithin(path: string, point: string): boolean {
  return point === '/' || path === point || path.startsWith(`${point}/`);
}

function linkTarget(path: string): string | undefined {
  try {
    return lstatSync(path).isSymbolicLink() ? readlinkSync(path) : undefined;
  } catch {
    return undefined; // ssh cannot read it either
  }
}
