/** One contender in one row: runs its program with the row's words, alone or in a terminal. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { stopAgentAtTheEnd } from '../support/cli.ts';
import { signal, until } from '../support/process.ts';
import type { Sandbox } from '../support/sandbox.ts';
import type { Sshd } from '../support/sshd.ts';
import { Terminal } from '../support/terminal.ts';
import type { Facts } from './row.ts';

const program = (name: string): string => fileURLToPath(new URL(`../../${name}`, import.meta.url));

export interface Contender {
  readonly name: string;
  /** The words before the row's. */
  readonly words: readonly string[];
}

export const SSH: Contender = { name: 'ssh', words: ['ssh'] };

/** SSHPOOL_FIDELITY=ssh compares ssh with itself: what differs then is the table's own fault. */
export const CONTENDERS: readonly Contender[] =
  process.env['SSHPOOL_FIDELITY'] === 'ssh'
    ? [{ ...SSH, name: 'ssh again' }]
    : [
        { name: 'launcher', words: [program('bin/sshpool'), 'ssh'] },
        { name: 'client', words: [program('bin/sshpool.js'), 'ssh'] },
      ];

/** What all rows share. */
export interface World {
  readonly sandbox: Sandbox;
  readonly sshd: Sshd;
  readonly config: string;
}

export interface CallOptions {
  /** Runs the call, which is `"$@"`; that alone unless given. $DIR is a directory of this run. */
  readonly shell?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Nothing, at its end, unless given. */
  readonly stdin?: string | Buffer;
  /** Without `-F CONFIG` before the words. */
  readonly bare?: boolean;
}

/** A call that hangs is a difference, found within this time. */
const LATE_MS = 20_000;

/** Writes the call's pid to a file, for signals. */
const AS_CALLER = `sh -c 'echo $$ >"$DIR/pid"; exec "$@"' sh "$@"`;

let made = 0;

export class Caller {
  readonly world: World;
  /** For files of this run; `{dir}` in words, and so in what is compared. */
  readonly dir: string;
  readonly #contender: Contender;

  constructor(world: World, contender: Contender) {
    this.world = world;
    this.#contender = contender;
    this.dir = world.sandbox.path('rows', String((made += 1)));
    mkdirSync(this.dir, { recursive: true, mode: 0o700 });
    stopAgentAtTheEnd(world.sandbox);
  }

  /** To its end. */
  async run(args: readonly string[], { stdin = '', ...options }: CallOptions = {}): Promise<Facts> {
    const running = this.start(args, options);
    running.child.stdin.end(stdin);
    return running.end();
  }

  /** Its standard input stays open. */
  start(args: readonly string[], { shell = '"$@"', env, bare = false }: CallOptions = {}): Running {
    const child = spawn('/bin/sh', ['-c', shell, 'sh', ...this.#words(args, bare)], {
      cwd: this.dir,
      env: this.#env(env),
      stdio: 'pipe',
      // In a process session of its own, without the terminal that the tests may have.
      detached: true,
    });
    return new Running(this, child);
  }

  /** In a terminal of 24 rows and 80 columns, which shows `status N` at the end. */
  terminal(args: readonly string[], { shell = '"$@"', env }: CallOptions = {}): Screen {
    const script = [
      'cd "$DIR"; stty rows 24 cols 80; stty -g >before',
      shell.replace('"$@"', () => AS_CALLER),
      'code=$?; stty -g >after; echo "status $code"',
    ].join('\n');
    const words = ['sh', '-c', script, 'sh', ...this.#words(args, false)];
    return new Screen(this, Terminal.run(this.world.sandbox, words, this.#env(env)));
  }

  /** What a file of this run holds; nothing where it is not there. */
  read(name: string): string {
    const file = join(this.dir, name);
    return existsSync(file) ? readFileSync(file, 'utf8') : '';
  }

  /** The number that was written there, once it is. */
  number(name: string): Promise<number> {
    return until(() => Number(/^(\d+)\n/.exec(this.read(name))?.[1]), `${name} is written`);
  }

  /** Without what is another in each run. */
  same(text: string): string {
    return text.replaceAll(this.dir, '{dir}').replace(/\/dev\/pts\/\d+/g, '/dev/pts/N');
  }

  #words(args: readonly string[], bare: boolean): string[] {
    const { config } = this.world;
    const own = args.map((word) => word.replaceAll('{dir}', this.dir));
    return [...this.#contender.words, ...(bare ? [] : ['-F', config]), ...own];
  }

  #env(more: CallOptions['env']): Record<string, string> {
    return { ...this.world.sandbox.env, DIR: this.dir, ...more };
  }
}

/** A call that goes on. */
class Running {
  readonly child: ChildProcessWithoutNullStreams;
  readonly #caller: Caller;
  readonly #end: Promise<Facts>;
  #shown = '';

  constructor(caller: Caller, child: ChildProcessWithoutNullStreams) {
    this.child = child;
    this.#caller = caller;
    child.stdout.on('data', (bytes: Buffer) => (this.#shown += bytes.toString()));
    // A program that ends before it has read everything is no failure.
    child.stdin.on('error', () => undefined);
    this.#end = this.#finish();
  }

  /** Waits until its standard output holds this. */
  async shows(text: string): Promise<void> {
    await until(() => this.#shown.includes(text), `it prints ${text}`);
  }

  end(): Promise<Facts> {
    return this.#end;
  }

  async #finish(): Promise<Facts> {
    const { child } = this;
    const ended = new Promise<number | string | null>((resolve) =>
      child.once('close', (code, by) => resolve(code ?? by)),
    );
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      if (child.pid !== undefined) signal(-child.pid, 'SIGKILL');
      child.stdout.destroy();
      child.stderr.destroy();
    }, LATE_MS);
    const [stdout, stderr, code] = await Promise.all([
      buffer(child.stdout).catch(() => Buffer.from(this.#shown)),
      buffer(child.stderr).catch(() => Buffer.alloc(0)),
      ended,
    ]);
    clearTimeout(timer);
    return {
      code: late ? 'did not end' : code,
      stdout: this.#caller.same(readable(stdout)),
      stderr: this.#caller.same(readable(stderr)),
    };
  }
}

/** A call in a terminal. */
class Screen {
  readonly terminal: Terminal;
  readonly #caller: Caller;

  constructor(caller: Caller, terminal: Terminal) {
    this.#caller = caller;
    this.terminal = terminal;
  }

  /** Answers each text that is shown by typing. */
  async dialogue(...turns: readonly (readonly [shown: string, typed: string])[]): Promise<void> {
    for (const [shown, typed] of turns) {
      await this.terminal.shows(shown);
      this.terminal.type(typed);
    }
  }

  async signal(name: NodeJS.Signals): Promise<void> {
    signal(await this.#caller.number('pid'), name);
  }

  /** All that was shown, and whether the terminal is as it was before. */
  async end(): Promise<Facts> {
    await this.terminal.shows('status ');
    await this.terminal.ended;
    const [before, after] = [this.#caller.read('before'), this.#caller.read('after')];
    return { screen: this.#caller.same(this.terminal.screen), restored: before === after };
  }
}

/** Byte by byte; long output by its checksum, since a difference of megabytes helps nobody. */
function readable(bytes: Buffer): string {
  if (bytes.length < 10_000) return bytes.toString('latin1');
  return `${bytes.length} bytes, ${createHash('sha256').update(bytes).digest('hex')}`;
}
