/** The resources of a host: uptime, load of the processors, use of memory and disks. */
import { badOutput } from './records.ts';
import { outputOf, type RunRemote } from './remote.ts';
import { MARKER, RESOURCES_COMMAND, type Part } from './resources-command.ts';

export interface HostResources {
  readonly hostname: string | null;
  /** `Linux`, `Darwin`, ... */
  readonly system: string | null;
  readonly uptimeSeconds: number | null;
  /** Averages over the last 1, 5 and 15 minutes. */
  readonly loadAverage: readonly [number, number, number] | null;
  readonly cpu: {
    readonly cores: number | null;
    /** Of all processors together, during a fifth of a second, 0 to 100. Null on macOS. */
    readonly usedPercent: number | null;
  };
  readonly memory: Usage | null;
  readonly disks: readonly Disk[];
}

export interface Usage {
  readonly totalBytes: number;
  readonly usedBytes: number;
  /** What programs can use without displacing others; caches count as available. */
  readonly availableBytes: number;
}

export interface Disk extends Usage {
  readonly filesystem: string;
  readonly mountPoint: string;
}

/** What the host does not report is null. @throws SshpoolError COMMAND_FAILED, BAD_OUTPUT; as `run` */
export async function readHostResources(run: RunRemote): Promise<HostResources> {
  return parseResources(await outputOf(run, RESOURCES_COMMAND, 'sh'));
}

/** @throws SshpoolError BAD_OUTPUT if this is not the output of the command, or is incomplete */
export function parseResources(output: string): HostResources {
  const parts = partsOf(output);
  if (!parts.has('end')) throw badOutput('sh', 'not all of the answer has come', output);
  const part = (name: Part): string => parts.get(name)?.trim() ?? '';
  return {
    hostname: part('hostname') || null,
    system: part('system') || null,
    uptimeSeconds: uptimeOf(part('uptime'), part('now')),
    loadAverage: loadOf(part('load')),
    cpu: {
      cores: wholeOf(part('cores')),
      usedPercent: usedOf(part('cpu-before'), part('cpu-after')),
    },
    memory: part('memory').startsWith('Mem')
      ? linuxMemory(part('memory'))
      : macMemory(part('memory')),
    disks: part('disks').split('\n').flatMap(diskOf),
  };
}

/** A login may print something before the first marker. */
function partsOf(output: string): ReadonlyMap<string, string> {
  const [, ...parts] = output.split(MARKER);
  return new Map(
    parts.map((text) => {
      const at = text.indexOf('\n');
      return [text.slice(0, at), text.slice(at + 1)];
    }),
  );
}

function wholeOf(text: string): number | null {
  return /^\d+$/.test(text) ? Number(text) : null;
}

/** Linux reports the seconds, macOS the boot time: `{ sec = 1700000000, usec = 0 } ...`. */
function uptimeOf(text: string, now: string): number | null {
  const startedAt = /\bsec = (\d+)/.exec(text)?.[1];
  if (startedAt !== undefined) {
    const today = wholeOf(now);
    return today === null ? null : Math.max(0, today - Number(startedAt));
  }
  const seconds = /^\d+(\.\d+)?/.exec(text)?.[0];
  return seconds === undefined ? null : Math.floor(Number(seconds));
}

/** `0.10 0.20 0.30 1/200 4000`, or `{ 0.10 0.20 0.30 }`. */
function loadOf(text: string): HostResources['loadAverage'] {
  const [one, five, fifteen] = (text.match(/\d+\.\d+/g) ?? []).map(Number);
  if (one === undefined || five === undefined || fifteen === undefined) return null;
  return [one, five, fifteen];
}

/** proc(5), /proc/stat: user nice system idle iowait ... in ticks since the start. */
function usedOf(before: string, after: string): number | null {
  const [first, last] = [ticksOf(before), ticksOf(after)];
  if (first === undefined || last === undefined) return null;
  const all = last.all - first.all;
  if (all <= 0) return null;
  const idle = Math.min(all, Math.max(0, last.idle - first.idle));
  return Math.round((1 - idle / all) * 1000) / 10;
}

function ticksOf(line: string): { readonly all: number; readonly idle: number } | undefined {
  // Guest time is already part of user and nice.
  const ticks = line.split(/\s+/).slice(1, 9).map(Number);
  const [, , , idle, waiting = 0] = ticks;
  if (idle === undefined || ticks.some(Number.isNaN)) return undefined;
  return { all: ticks.reduce((sum, some) => sum + some, 0), idle: idle + waiting };
}

/** proc(5), /proc/meminfo; in KiB. */
function linuxMemory(text: string): Usage | null {
  const bytes = (name: string): number | undefined => {
    const found = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1];
    return found === undefined ? undefined : Number(found) * 1024;
  };
  const total = bytes('MemTotal');
  // Kernels before 3.14 have no MemAvailable.
  const [free = 0, buffers = 0, cached = 0] = ['MemFree', 'Buffers', 'Cached'].map(bytes);
  return usage(total, bytes('MemAvailable') ?? free + buffers + cached);
}

/** The size in bytes, then the output of vm_stat(1). */
function macMemory(text: string): Usage | null {
  const pageBytes = Number(/page size of (\d+) bytes/.exec(text)?.[1] ?? 4096);
  const pages = (name: string): number =>
    Number(new RegExp(`^Pages ${name}:\\s+(\\d+)\\.$`, 'm').exec(text)?.[1] ?? 0);
  const total = wholeOf(text.split('\n')[0] ?? '') ?? undefined;
  const available = pages('free') + pages('inactive') + pages('speculative');
  return usage(total, available * pageBytes);
}

function usage(total: number | undefined, available: number): Usage | null {
  if (total === undefined) return null;
  const availableBytes = Math.min(total, available);
  return { totalBytes: total, usedBytes: total - availableBytes, availableBytes };
}

/** Pseudo file systems, and those that show files of another one, such as loop devices. */
const PSEUDO =
  /^(tmpfs|devtmpfs|devfs|udev|shm|none|proc|sysfs|cgroup2?|efivarfs|map .*|\/dev\/loop\d+)$/;

/** df(1) with -kP: one file system per line, in KiB, after a heading. */
function diskOf(line: string): Disk[] {
  const found = /^(.+?)\s+(\d+)\s+(\d+)\s+(-?\d+)\s+(?:\d+%|-)\s+(\/.*)$/.exec(line);
  if (found === null) return [];
  const [, filesystem = '', total, used, available, mountPoint = ''] = found;
  // The root of a container is an overlay; other overlays belong to containers that run on the host.
  const isForeign = filesystem === 'overlay' && mountPoint !== '/';
  if (PSEUDO.test(filesystem) || isForeign || Number(total) === 0) return [];
  return [
    {
      filesystem,
      mountPoint,
      totalBytes: Number(total) * 1024,
      usedBytes: Number(used) * 1024,
      availableBytes: Math.max(0, Number(available)) * 1024,
    },
  ];
}
