// @ts-check
/**
 * TCP relays on loopback that emulate a distant network, in a process of their own, so that they do
 * not share an event loop with the measuring program. Its argument is a JSON list of {@link Path}s; it prints
 * the ports it listens on, as a JSON list, and ends when its standard input does.
 *
 * Order is kept. Without a limit on bandwidth only time is added; with one, each connection has
 * that much in each direction.
 *
 * @typedef {{ target: number, delayMs: number, bytesPerSecond?: number }} Path
 *   `delayMs` is one way: half the round trip
 */
import { connect, createServer } from 'node:net';

/** Maximum bytes in flight in one direction. A narrow path has the small buffer of a router. */
const BUFFER = { wide: 64 * 1024 * 1024, narrow: 64 * 1024 };
/** A narrow path sends in pieces, like packets: otherwise a big write would arrive as one burst. */
const PIECE_BYTES = 4096;
/** Timers are late by up to this; the last part of a delay is busy waiting. */
const SPIN_MS = 1.2;

/** @param {Path} path */
function relay(path) {
  const server = createServer({ noDelay: true, allowHalfOpen: true }, (near) => {
    const far = connect({
      port: path.target,
      host: '127.0.0.1',
      noDelay: true,
      allowHalfOpen: true,
    });
    for (const [from, to] of /** @type {const} */ ([
      [near, far],
      [far, near],
    ])) {
      forward(from, to, path);
      from.on('error', () => {
        near.destroy();
        far.destroy();
      });
      // A socket that closes with an error also closes the other one.
      from.once('close', (failed) => void (failed && to.destroy()));
    }
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () =>
      resolve(/** @type {import('node:net').AddressInfo} */ (server.address()).port),
    );
  });
}

/**
 * @param {import('node:net').Socket} from
 * @param {import('node:net').Socket} to
 * @param {Path} path
 */
function forward(from, to, { delayMs, bytesPerSecond }) {
  const limit = bytesPerSecond === undefined ? BUFFER.wide : BUFFER.narrow;
  /** In order; `undefined` is the end of file. @type {{ due: number, data: Buffer | undefined }[]} */
  let queue = [];
  let queued = 0;
  let freeAt = 0;
  let waiting = false;

  const add = (/** @type {Buffer | undefined} */ data) => {
    // A piece is sent after those before it, and after its own transmission time.
    freeAt = Math.max(freeAt, performance.now());
    if (bytesPerSecond !== undefined) freeAt += ((data?.length ?? 0) / bytesPerSecond) * 1000;
    queue.push({ due: freeAt + delayMs, data });
    queued += data?.length ?? 0;
    wait();
  };

  const wait = () => {
    const next = queue[0];
    if (waiting || next === undefined) return;
    waiting = true;
    const left = next.due - performance.now();
    // A narrow path is always busy: busy waiting would take a whole processor.
    if (bytesPerSecond !== undefined) setTimeout(pass, Math.max(left, 0));
    else if (left > SPIN_MS) setTimeout(pass, Math.floor(left - SPIN_MS));
    else setImmediate(pass);
  };

  const pass = () => {
    waiting = false;
    const now = performance.now();
    let count = 0;
    for (const { due, data } of queue) {
      if (due > now) break;
      count += 1;
      queued -= data?.length ?? 0;
      if (data === undefined) to.end();
      else if (!to.write(data)) {
        waiting = true;
        to.once('drain', pass);
        break;
      }
    }
    if (count > 0) queue = queue.slice(count);
    if (queued < limit) from.resume();
    wait();
  };

  from.on('data', (/** @type {Buffer} */ data) => {
    const size = bytesPerSecond === undefined ? data.length : PIECE_BYTES;
    for (let at = 0; at < data.length; at += size) add(data.subarray(at, at + size));
    if (queued >= limit) from.pause();
  });
  from.once('end', () => add(undefined));
}

const paths = /** @type {Path[]} */ (JSON.parse(process.argv[2] ?? '[]'));
process.stdout.write(`${JSON.stringify(await Promise.all(paths.map(relay)))}\n`);
process.stdin.resume().once('end', () => process.exit(0));
