/** Searches the memory of another process of this user: Linux only (proc(5)). */
import { closeSync, openSync, readFileSync, readSync } from 'node:fs';

/** Finds the texts, in each of Node's encodings, in the writable memory of a process. */
export function findInMemory(pid: number, texts: readonly string[]): string[] {
  const needles = (['latin1', 'utf16le'] as const).flatMap((encoding) =>
    texts.map((text) => ({ encoding, bytes: Buffer.from(text, encoding) })),
  );
  const memory = openSync(`/proc/${pid}/mem`, 'r');
  try {
    return writableRegions(pid).flatMap(({ start, bytes, name }) => {
      const held = read(memory, start, bytes);
      return needles.flatMap(({ encoding, bytes: needle }) =>
        placesOf(held, needle).map((at) => {
          const around = held.subarray(Math.max(0, at - 32), at + 64).toString('latin1');
          return `${(start + at).toString(16)} ${encoding} ${name} ${JSON.stringify(around)}`;
        }),
      );
    });
  } finally {
    closeSync(memory);
  }
}

interface Region {
  readonly start: number;
  readonly bytes: number;
  readonly name: string;
}

function writableRegions(pid: number): Region[] {
  const lines = readFileSync(`/proc/${pid}/maps`, 'utf8').matchAll(
    /^([0-9a-f]+)-([0-9a-f]+) .w\S+ \S+ \S+ \d+ *(.*)$/gm,
  );
  return [...lines].map(([, start = '', end = '', name = '']) => {
    const from = Number.parseInt(start, 16);
    return { start: from, bytes: Number.parseInt(end, 16) - from, name };
  });
}

/** A region that was unmapped meanwhile is empty. */
function read(memory: number, start: number, bytes: number): Buffer {
  const held = Buffer.alloc(bytes);
  try {
    let at = 0;
    while (at < bytes) {
      const count = readSync(memory, held, at, bytes - at, start + at);
      if (count === 0) break;
      at += count;
    }
    return held;
  } catch {
    return Buffer.alloc(0);
  }
}

function placesOf(held: Buffer, needle: Buffer): number[] {
  const places: number[] = [];
  for (let at = held.indexOf(needle); at >= 0; at = held.indexOf(needle, at + 1)) places.push(at);
  return places;
}
