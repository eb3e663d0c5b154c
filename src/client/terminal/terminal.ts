/**
 * The terminal at standard input: its size, its modes, and raw mode, left however this process ends.
 * Uses stty(1): Node's raw mode, unlike ssh's, still changes the output.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { WindowSize } from '../../base/window-size.ts';
import { encodeModes, readStty, type SttyReport } from './terminal-modes.ts';

/** The flags that ssh changes (sshtty.c, enter_raw_mode). */
const RAW = [
  ...['ignpar', '-istrip', '-inlcr', '-igncr', '-icrnl', '-ixon', '-ixany', '-ixoff', '-iuclc'],
  ...['-isig', '-icanon', '-echo', '-echoe', '-echok', '-echonl', '-iexten', '-opost'],
];
const ONE_BYTE_AT_A_TIME = ['min', '1', 'time', '0'];

/** Further signals that end this process, besides those that a call handles; raw mode is left first. */
const ENDING = ['SIGQUIT', 'SIGALRM', 'SIGUSR1', 'SIGUSR2', 'SIGXCPU'] as const;

/** A terminal that accepts no output must not keep this process from ending. */
const LEAVE_MS = 2000;

export class Terminal {
  readonly #report: SttyReport;
  /** stty's arguments to restore the modes; undefined outside raw mode. */
  #found: string | undefined;
  #onResized: (size: WindowSize) => void = () => undefined;

  constructor() {
    this.#report = readStty(stty(['-a']));
  }

  get size(): WindowSize {
    const { columns, rows } = this.#report;
    return { columns, rows, width: 0, height: 0 };
  }

  get modes(): Buffer {
    return encodeModes(this.#report);
  }

  get isRaw(): boolean {
    return this.#found !== undefined;
  }

  /** Until `leaveRaw`, `onResized` is called whenever the size may have changed. */
  enterRaw(onResized: (size: WindowSize) => void): void {
    this.#onResized = onResized;
    process.on('exit', this.#leave);
    for (const name of ENDING) process.on(name, this.#end);
    process.on('SIGTSTP', this.suspend);
    process.on('SIGWINCH', this.#resized);
    process.on('SIGCONT', this.#goOn);
    this.#takeUp();
    // The size may have changed since the call was sent.
    const { columns, rows } = sizeNow();
    if (columns !== this.size.columns || rows !== this.size.rows) this.#resized();
  }

  readonly #leave = (): void => this.leaveRaw();

  leaveRaw(): void {
    if (!this.isRaw) return;
    process.off('exit', this.#leave);
    for (const name of ENDING) process.off(name, this.#end);
    process.off('SIGTSTP', this.suspend);
    process.off('SIGWINCH', this.#resized);
    process.off('SIGCONT', this.#goOn);
    this.#layDown();
  }

  /** Stops this process with the terminal restored; enters raw mode again after SIGCONT. */
  readonly suspend = (): void => {
    this.#layDown();
    process.off('SIGTSTP', this.suspend);
    process.kill(process.pid, 'SIGTSTP');
    process.on('SIGTSTP', this.suspend);
    this.#takeUp();
    this.#resized();
  };

  /** After SIGSTOP, which cannot be caught: the shell has set its own modes meanwhile. */
  readonly #goOn = (): void => {
    if (this.isRaw && isInForeground()) this.#makeRaw();
  };

  #takeUp(): void {
    // A shell at its prompt has its own modes, so they are saved only in the foreground. SIGTTOU stops the
    // process group until then; a few times only, as the group may have no shell any more.
    for (let times = 0; times < 5 && !isInForeground(); times++) process.kill(0, 'SIGTTOU');
    this.#found = stty(['-g']).trim();
    this.#makeRaw();
  }

  #makeRaw(): void {
    // Some systems lack iuclc, and stty rejects all words if it does not know one.
    const { flags } = this.#report;
    const known = RAW.filter((word) => word !== '-iuclc' || flags.has(word) || flags.has('iuclc'));
    stty([...known, ...ONE_BYTE_AT_A_TIME]);
  }

  #layDown(): void {
    const found = this.#found;
    this.#found = undefined;
    // In the background another program uses the terminal, and its modes must not change.
    if (found && isInForeground()) stty([found], LEAVE_MS);
  }

  readonly #resized = (): void => this.#onResized(sizeNow());

  readonly #end = (name: NodeJS.Signals): void => {
    this.leaveRaw();
    if (process.listenerCount(name) === 0) process.kill(process.pid, name);
  };
}

function sizeNow(): WindowSize {
  const [rows = 0, columns = 0] = stty(['size']).split(' ').map(Number);
  return { columns, rows, width: 0, height: 0 };
}

/** Returns '' on failure. */
function stty(words: readonly string[], timeout?: number): string {
  const { stdout } = spawnSync('stty', words, {
    env: { ...process.env, LC_ALL: 'C' },
    encoding: 'utf8',
    stdio: [0, 'pipe', 'ignore'],
    timeout,
    killSignal: 'SIGKILL',
  });
  return stdout ?? '';
}

/** Whether this process is in the foreground, from proc(5), since stty does not show it. */
function isInForeground(): boolean {
  try {
    const stat = readFileSync('/proc/self/stat', 'utf8');
    // The fields after the program name, which may contain any character.
    const [, , , group, , , foreground] = stat.slice(stat.lastIndexOf(')') + 1).split(' ');
    return foreground === '-1' || foreground === group;
  } catch {
    return true; // a system without /proc
  }
}
