/** A ProxyCommand, run as ssh runs it. */
import { closeSync, existsSync } from 'node:fs';
import { Socket } from 'node:net';
import { Duplex, type Readable, type Writable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { execa } from 'execa';
import { deferred } from '../../base/deferred.ts';
import { describe, SshpoolError } from '../../base/errors.ts';
import type { Pipes } from './pipes.ts';
import type { Note } from '../link/prompts.ts';

interface ProxyContext {
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  readonly note: Note;
}

/** How long a proxy may take to exit after its streams were closed, before it is killed. */
const LEAVE_MS = 2000;

/** Owns `pipes`, if given; the command ends with the stream. */
export function startProxy(command: string, context: ProxyContext, pipes?: Pipes): ProxyStream {
  // Any descriptor will do; the types of execa name those up to nine.
  const [stdin, stdout] = (pipes?.theirs as [3, 3] | undefined) ?? (['pipe', 'pipe'] as const);
  const shell = context.env['SHELL'] ?? '/bin/sh';
  const child = execa(shell, ['-c', `exec ${command}`], {
    cwd: context.cwd,
    env: context.env,
    extendEnv: false,
    stdio: [stdin, stdout, 'pipe'],
    buffer: false,
    reject: false,
    encoding: 'buffer',
    forceKillAfterDelay: LEAVE_MS,
    // The command reads end of file anyway; execa's signal handlers would end a program before its commands.
    cleanup: false,
  });
  for (const fd of pipes?.theirs ?? []) closeSync(fd);
  const ends = pipes ?? madeByNode(child);
  const isRead = new Promise((resolve) => ends.stdout.once('close', resolve));
  // Only the program's name is shown: an argument may be the password of the proxy.
  const [program = ''] = command.trim().split(/\s/, 1);
  const words = new ProxyWords(context.note);
  const decoder = new StringDecoder();
  child.stderr.on('data', (chunk: Buffer) => words.add(decoder.write(chunk)));
  const fail = (reason: string): void => {
    const said = words.last() || withoutDirectory(context.cwd);
    stream.destroy(SshpoolError.of('PROXY_FAILED', { program, reason: said || reason }));
  };
  const { stderr } = child;
  const kill = (): boolean => child.kill();
  const unref = (): void => child.unref();
  const stream = new ProxyStream({ ...ends, stderr, kill, unref }, fail);
  void stream.spoke.then(() => words.release());
  Promise.all([child, isRead])
    .then(([{ exitCode, originalMessage }]) => {
      if (stream.destroyed) return;
      if (exitCode === 0 && stream.bytesRead > 0) {
        stream.push(null);
        return;
      }
      fail(originalMessage || `it exited with status ${exitCode}`);
    })
    .catch((thrown: unknown) => context.note(describe(thrown)));
  return stream;
}

/** How long the last line, a possible error, is held back; and how long the caller gets output after that. */
const HOLD_MS = 300;
const FORGET_MS = 10_000;
const MAX_WORDS = 2000;

/** Its standard error, unchanged; the last line a little later, as it may be the reason of a failure. */
class ProxyWords {
  #note: Note;
  #held = '';
  #isThrough = false;

  constructor(note: Note) {
    this.#note = note;
  }

  add(text: string): void {
    const all = this.#held + text;
    const last = all.trimEnd().lastIndexOf('\n') + 1;
    this.#show(all.slice(0, last));
    this.#held = all.slice(last);
    if (this.#isThrough || this.#held.length > MAX_WORDS) this.#showHeld();
    // The user may have to act on it.
    else setTimeout(() => this.#showHeld(), HOLD_MS).unref();
  }

  release(): void {
    this.#showHeld();
    this.#isThrough = true;
    // Only the caller that connected gets the output, and not for as long as the connection lasts.
    setTimeout(() => (this.#note = () => undefined), FORGET_MS).unref();
  }

  #showHeld(): void {
    this.#show(this.#held);
    this.#held = '';
  }

  #show(text: string): void {
    if (text !== '') this.#note(text, 'words');
  }

  last(): string {
    return this.#held.trim();
  }
}

function madeByNode({ stdin, stdout }: Partial<Record<'stdin' | 'stdout', unknown>>): Ends {
  if (stdin instanceof Socket && stdout instanceof Socket) return { stdin, stdout };
  throw new TypeError('a program has no standard streams');
}

type Ends = Pick<Pipes, 'stdin' | 'stdout'>;

interface Child {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  readonly kill: () => boolean;
  readonly unref: () => void;
}

/** Not Duplex.from: it would fail first, with EPIPE or an early close, and hide the proxy's own message. */
class ProxyStream extends Duplex {
  readonly #child: Child;
  /** Resolves when the proxy has delivered data, or has ended. */
  readonly spoke: Promise<void>;
  readonly #speech = deferred();
  bytesRead = 0;
  bytesWritten = 0;

  /** `fail` is called if the proxy has closed a stream and does not end by itself. */
  constructor(child: Child, fail: (reason: string) => void) {
    super({ allowHalfOpen: false });
    this.#child = child;
    this.spoke = this.#speech.promise;
    const expectEnd = (): void => {
      setTimeout(() => {
        if (!this.destroyed && !this.readableEnded) fail('it closed the connection');
      }, LEAVE_MS).unref();
    };
    child.stdin.once('error', expectEnd);
    child.stdin.once('close', expectEnd);
    child.stdout.once('end', expectEnd);
    child.stdout.once('error', expectEnd);
    child.stdout.on('data', (chunk: Buffer) => {
      this.bytesRead += chunk.length;
      this.#speech.resolve();
      if (!this.push(chunk)) child.stdout.pause();
    });
  }

  unref(): void {
    this.#child.unref();
    for (const stream of [this.#child.stdin, this.#child.stdout, this.#child.stderr]) {
      // Node represents pipes as sockets.
      if (stream instanceof Socket) stream.unref();
    }
  }

  override _read(): void {
    this.#child.stdout.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.bytesWritten += chunk.length;
    this.#child.stdin.write(chunk, () => done());
  }

  override _final(done: () => void): void {
    this.#child.stdin.end(() => done());
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#child.stdout.destroy();
    this.#child.stdin.destroy();
    this.#child.kill();
    this.#speech.resolve();
    done(error);
  }
}

/** A program cannot start in a directory that was removed; Node reports ENOENT for the program. */
function withoutDirectory(cwd: string): string | undefined {
  return existsSync(cwd) ? undefined : `the working directory ${cwd} does not exist any more`;
}
