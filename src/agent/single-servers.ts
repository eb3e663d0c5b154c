/** Servers that close a connection with its first session; in a file, since learning it costs a login. */
import { readFile, stat } from 'node:fs/promises';
import { writeState } from '../base/state-file.ts';

/** Entries expire, as a server may be replaced. */
const KEPT_MS = 30 * 24 * 3_600_000;
const MAX_SERVERS = 256;
const MAX_BYTES = 64 * 1024;

export class SingleServers {
  readonly #path: string | undefined;
  readonly #now: () => number;
  #writing: Promise<void> = Promise.resolve();

  /** `now` in milliseconds since the epoch. */
  constructor(path: string | undefined, now: () => number) {
    this.#path = path;
    this.#now = now;
  }

  async digests(): Promise<string[]> {
    return Object.keys(await this.#read());
  }

  /** @throws the system's error where it cannot be written */
  add(digest: string): Promise<void> {
    const adding = this.#writing.then(() => this.#add(digest));
    this.#writing = adding.catch(() => undefined);
    return adding;
  }

  async #read(): Promise<Record<string, number>> {
    const text = this.#path === undefined ? undefined : await readPlain(this.#path);
    if (text === undefined) return {};
    const { readSingle } = await import('./single-servers-schema.ts');
    const since = this.#now() - KEPT_MS;
    return Object.fromEntries(
      Object.entries(readSingle(parse(text))).filter(([, at]) => at > since),
    );
  }

  async #add(digest: string): Promise<void> {
    if (this.#path === undefined) return;
    const known = Object.entries({ ...(await this.#read()), [digest]: this.#now() });
    const latest = known.toSorted(([, a], [, b]) => b - a).slice(0, MAX_SERVERS);
    await writeState(this.#path, { single: Object.fromEntries(latest) });
  }
}

async function readPlain(path: string): Promise<string | undefined> {
  try {
    // Opening a named pipe would block until a writer opens it.
    const facts = await stat(path);
    return facts.isFile() && facts.size <= MAX_BYTES ? await readFile(path, 'utf8') : undefined;
  } catch {
    return undefined; // treated as nothing learned
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // truncated, or another program's file
  }
}
