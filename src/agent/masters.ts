/**
 * ControlPath (ssh_config(5)): a master of ssh's own that listens there does the calls that name it. Where
 * there is none our connections stand for one, and `ssh -O` is answered for them. No socket of ours is put
 * there: another ssh would find a master that cannot take its descriptors (docs/DECISIONS.md).
 */
import { stat } from 'node:fs/promises';
import { createConnection } from 'node:net';
import type { Clock } from '../base/time.ts';
import type { Control } from '../config/call-args.ts';
import type { ControlOptions } from '../config/control-options.ts';
import type { Pool } from '../pool/pool.ts';

/** A file system that takes longer is the caller's to wait for. */
const LOOK_MS = 1000;
/** The longest path of a unix socket that Linux takes; ssh refuses a longer one itself. */
const MAX_PATH_BYTES = 107;
/** The oldest are forgotten beyond that many. */
const MAX_MASTERS = 1000;

/** What stands for a master: connections, as long as ssh's own would live. */
interface Master {
  /** Of the connections that its calls run over. */
  readonly keys: Set<string>;
  calls: number;
  persistMs: number;
  /** When the last call ended, monotonic. */
  endedAt: number;
}

export class Masters {
  readonly #clock: Clock;
  readonly #pool: Pick<Pool, 'close' | 'hasConnection'>;
  readonly #masters = new Map<string, Master>();

  constructor(clock: Clock, pool: Pick<Pool, 'close' | 'hasConnection'>) {
    this.#clock = clock;
    this.#pool = pool;
  }

  /** Whether one of ssh's own is to do a call with one of these paths. */
  async isForeign(paths: readonly string[]): Promise<boolean> {
    const found = await Promise.all(paths.map((path) => isListening(path, this.#clock)));
    return found.includes(true);
  }

  /** A call begins over the connection of `key`; returns what ends it, which may be called again. */
  begin({ controlPath, controlMaster, controlPersistMs }: ControlOptions, key: string): () => void {
    if (controlPath === undefined) return () => undefined;
    const known = this.#running(controlPath);
    // ControlMaster=no joins a master and makes none.
    if (known === undefined && controlMaster === 'no') return () => undefined;
    const master = known ?? { keys: new Set(), calls: 0, persistMs: controlPersistMs, endedAt: 0 };
    master.keys.add(key);
    master.calls += 1;
    this.#masters.delete(controlPath);
    this.#masters.set(controlPath, master);
    // A Map keeps the order of insertion.
    const [oldest] = this.#masters.keys();
    if (this.#masters.size > MAX_MASTERS && oldest !== undefined) this.#masters.delete(oldest);
    let over = false;
    return () => {
      if (over) return;
      over = true;
      master.calls -= 1;
      master.endedAt = this.#clock.monotonic();
    };
  }

  /** Does what `ssh -O` says; the line for standard error, or undefined where there is no such master. */
  control(path: string, control: Control): string | undefined {
    const master = this.#running(path);
    if (master === undefined) return undefined;
    if (control === 'check') return `Master running (pid=${process.pid})\r`;
    this.#masters.delete(path);
    const force = control === 'exit';
    void this.#pool.close((_, key) => master.keys.has(key), { force, by: `ssh -O ${control}` });
    return force ? 'Exit request sent.\r' : 'Stop listening request sent.\r';
  }

  #running(path: string): Master | undefined {
    const master = this.#masters.get(path);
    if (master === undefined) return undefined;
    const idleMs = this.#clock.monotonic() - master.endedAt;
    const stays = master.calls > 0 || idleMs < master.persistMs;
    if (stays && this.#isConnected(master)) return master;
    this.#masters.delete(path);
    return undefined;
  }

  #isConnected({ keys }: Master): boolean {
    return this.#pool.hasConnection((_, key) => keys.has(key));
  }
}

/** True also where that cannot be found out soon. */
function isListening(path: string, clock: Clock): Promise<boolean> {
  if (Buffer.byteLength(path) > MAX_PATH_BYTES) return Promise.resolve(true);
  return new Promise((resolve) => {
    const timer = clock.after(LOOK_MS, () => resolve(true));
    const found = (is: boolean): void => {
      timer.cancel();
      resolve(is);
    };
    stat(path).then(
      (file) => (file.isSocket() ? connect(path, found) : found(false)),
      () => found(false), // nothing is there, or it is out of reach: ssh connects by itself then, too
    );
  });
}

function connect(path: string, found: (is: boolean) => void): void {
  const socket = createConnection(path);
  socket.once('connect', () => {
    socket.destroy();
    found(true);
  });
  // What a master left behind when it was killed; one that is only busy is there.
  socket.once('error', ({ code }: NodeJS.ErrnoException) =>
    found(code !== 'ECONNREFUSED' && code !== 'ENOENT'),
  );
}
