/**
 * ControlPath (ssh_config(5)): an ssh master carries the calls; else pooled connections act as one. The agent
 * puts no socket there: ssh would pass it file descriptors, which it cannot take (docs/DECISIONS.md).
 */
import { stat } from 'node:fs/promises';
import { createConnection } from 'node:net';
import type { Clock } from '../base/time.ts';
import type { Control } from '../config/command-line/call-args.ts';
import type { ControlOptions } from '../config/ssh-config/control-options.ts';
import type { Pool } from '../pool/pool.ts';

/** After this the agent stops waiting for the file system, and ssh makes the call. */
const LOOK_MS = 1000;
/** The longest path of a unix socket that Linux takes; ssh refuses a longer one itself. */
const MAX_PATH_BYTES = 107;
const MAX_MASTERS = 1000;

/** The pooled connections that act as one master, for as long as an ssh master would live. */
interface Master {
  /** Keys of the connections that carry its calls. */
  readonly keys: Set<string>;
  calls: number;
  persistMs: number;
  /** Monotonic time of the end of the last call. */
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

  /** Whether an ssh master listens at one of these paths and must carry the call. */
  async isForeign(paths: readonly string[]): Promise<boolean> {
    const found = await Promise.all(paths.map((path) => isListening(path, this.#clock)));
    return found.includes(true);
  }

  /** Registers a call over the connection of `key`; the function ends it, and may be called again. */
  begin({ controlPath, controlMaster, controlPersistMs }: ControlOptions, key: string): () => void {
    if (controlPath === undefined) return () => undefined;
    const known = this.#running(controlPath);
    // ControlMaster=no uses an existing master but starts none.
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

  /** Executes `ssh -O`; returns the line for standard error, or undefined without such a master. */
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

/** Also true if the file system does not answer in time. */
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
      () => found(false), // absent or not accessible: ssh would open its own connection, too
    );
  });
}

function connect(path: string, found: (is: boolean) => void): void {
  const socket = createConnection(path);
  socket.once('connect', () => {
    socket.destroy();
    found(true);
  });
  // ECONNREFUSED: left behind by a killed master; a busy master accepts later.
  socket.once('error', ({ code }: NodeJS.ErrnoException) =>
    found(code !== 'ECONNREFUSED' && code !== 'ENOENT'),
  );
}
