/** The keys in a key agent, queried per call: calls before and after a change must not share a connection. */
import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { createConnection, type Socket } from 'node:net';
import { Reader } from '../../base/bytes.ts';
import { FrameReader } from '../../base/frames.ts';
import type { Clock, Timer } from '../../base/time.ts';
import { AGENT_ANSWER, AGENT_REQUEST, isUsableSocketPath, MAX_AGENT_MESSAGE } from './key-agent.ts';
import { attempt } from './public-key.ts';

/** An answer that takes longer than SLOW_MS (agent forwarding) is reused for GOOD_FOR_MS. */
const SLOW_MS = 50;
const GOOD_FOR_MS = 2000;
const ANSWER_MS = 2000;
/** How long a connection stays open without a query; to open one takes five times as long as a query. */
const IDLE_MS = 10_000;

/** The digest if the key agent cannot be queried: then it has no key for a login. */
const ABSENT = 'absent';

/** `file`: device and inode of the socket; `goodUntil`: monotonic milliseconds. */
interface Answer {
  readonly digest: string;
  readonly file: string;
  readonly goodUntil: number;
}

export class HeldKeys {
  readonly #clock: Clock;
  readonly #answers = new Map<string, Answer>();
  readonly #lines = new Map<string, Line>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** One text for all keys that the agent holds, in its order. Never rejects. */
  async digest(path: string): Promise<string> {
    // Many scripts keep a symbolic link to the current socket.
    const file = fileOf(path);
    if (file === undefined || !isUsableSocketPath(path)) return ABSENT;
    const startedAt = this.#clock.monotonic();
    const known = this.#answers.get(path);
    if (known?.file === file && startedAt < known.goodUntil) return known.digest;
    const digest = (await this.#ask(path, file)) ?? ABSENT;
    const now = this.#clock.monotonic();
    const goodUntil = now - startedAt > SLOW_MS ? now + GOOD_FOR_MS : now;
    this.#answers.set(path, { digest, file, goodUntil });
    return digest;
  }

  close(): void {
    for (const line of this.#lines.values()) line.close();
  }

  async #ask(path: string, file: string): Promise<string | undefined> {
    const open = this.#lines.get(path);
    const kept = open?.file === file ? await open.ask() : undefined;
    if (kept !== undefined) return kept;
    if (open !== undefined && open.file !== file) open.close();
    return this.#open(path, file).ask();
  }

  #open(path: string, file: string): Line {
    const line: Line = new Line(this.#clock, path, file, () => {
      if (this.#lines.get(path) === line) this.#lines.delete(path);
    });
    this.#lines.set(path, line);
    return line;
  }
}

/** An open connection; answers come in the order of the queries. */
class Line {
  readonly file: string;
  readonly #clock: Clock;
  readonly #socket: Socket;
  readonly #frames = new FrameReader(MAX_AGENT_MESSAGE);
  readonly #waiting: ((digest: string | undefined) => void)[] = [];
  #timer: Timer | undefined;

  constructor(clock: Clock, path: string, file: string, onClosed: () => void) {
    this.file = file;
    this.#clock = clock;
    this.#socket = createConnection(path);
    // Neither the connection nor a pending query keeps a program alive.
    this.#socket.unref();
    this.#socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    this.#socket.on('error', () => this.#socket.destroy());
    this.#socket.on('close', () => {
      this.#timer?.cancel();
      onClosed();
      for (const resolve of this.#waiting.splice(0)) resolve(undefined);
    });
  }

  /** Undefined where the answer is missing, late or malformed. */
  ask(): Promise<string | undefined> {
    if (this.#socket.destroyed) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#limit(ANSWER_MS);
      this.#socket.write(IDENTITIES);
    });
  }

  close(): void {
    this.#timer?.cancel();
    this.#socket.destroy();
  }

  #limit(ms: number): void {
    this.#timer?.cancel();
    this.#timer = this.#clock.after(ms, () => this.close());
  }

  #receive(chunk: Buffer): void {
    const bodies = attempt(() => this.#frames.push(chunk));
    if (bodies === undefined) return this.close();
    for (const body of bodies) this.#waiting.shift()?.(digestOf(body));
    if (this.#waiting.length === 0) this.#limit(IDLE_MS);
  }
}

/** A frame with SSH_AGENTC_REQUEST_IDENTITIES. */
const IDENTITIES = Buffer.of(0, 0, 0, 1, AGENT_REQUEST.identities);

/** Without the comments: they play no part in a login. */
function digestOf(body: Buffer): string {
  const hash = createHash('sha256');
  const isList = attempt(() => {
    const from = new Reader(body);
    if (from.byte() !== AGENT_ANSWER.identities) return undefined;
    for (let left = from.u32(); left > 0; left--) {
      const blob = from.string();
      hash.update(`${blob.length} `).update(blob);
      from.string();
    }
    return true;
  });
  return isList ? hash.digest('base64') : ABSENT;
}

function fileOf(path: string): string | undefined {
  try {
    const { dev, ino } = statSync(path);
    return `${dev} ${ino}`;
  } catch {
    return undefined; // absent or inaccessible: ssh has no key agent there either
  }
}
