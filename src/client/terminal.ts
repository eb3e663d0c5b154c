/**
 * The terminal at standard input: its size, its modes, and raw mode, in which the remote terminal
 * does what this one would have done. Whatever ends us leaves it as it was found. By stty(1), for
 * Node's own raw mode is not that of ssh: it goes on changing the output.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { WindowSize } from '../base/window-size.ts';
import { encodeModes, readStty, type SttyReport } from './terminal-modes.ts';

/** The flags that ssh changes (sshtty.c, enter_raw_mode). */
const RAW = [
  ...['ignpar', '-istrip', '-inlcr', '-igncr', '-icrnl', '-ixon', '-ixany', '-ixoff', '-iuclc'],
  ...['-isig', '-icanon', '-echo', '-echoe', '-echok', '-echonl', '-iexten', '-opost'],
];
const ONE_BYTE_AT_A_TIME = ['min', '1', 'time', '0'];

/** What else ends us, beside the signals that a call sees to; each after leaving raw mode. */
const ENDING = ['SIGQUIT', 'SIGALRM', 'SIGUSR1', 'SIGUSR2', 'SIGXCPU'] as const;

/** A terminal that takes nothing must not keep us from our end. */
const LEAVE_MS = 2000;

export class Terminal {
  readonly #report: SttyReport;
  /** The words for stty that bring it back; undefined while it is not raw. */
  #found: string | undefined;
  #onResized: (size: WindowSize) => void = () => undefined;

  /** Standard input must be a terminal. */
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

  /** Until `leaveRaw`, `onResized` is told whenever the size may be another one. */
  enterRaw(onResized: (size: WindowSize) => void): void {
    this.#onResized = onResized;
    process.on('exit', this.#leave);
    for (const name of ENDING) process.on(name, this.#end);
    process.on('SIGTSTP', this.suspend);
    process.on('SIGWINCH', this.#resized);
    process.on('SIGCONT', this.#goOn);
    this.#takeUp();
    // It may have changed while the call was on its way.
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

  /** Stops us, as a job, with the terminal as it was; then all is as before. */
  readonly suspend = (): void => {
    this.#layDown();
    process.off('SIGTSTP', this.suspend);
    // It returns when we go on.
    process.kill(process.pid, 'SIGTSTP');
    process.on('SIGTSTP', this.suspend);
    this.#takeUp();
    this.#resized();
  };

  /** Where SIGSTOP was what stopped us, the shell has given itself its own modes. */
  readonly #goOn = (): void => {
    if (this.isRaw && isInForeground()) this.#makeRaw();
  };

  #takeUp(): void {
    // A shell has modes of its own at its prompt. In the background we stop, as a change of the modes
    // would stop us, and go on in the foreground; a few times, for the group may have no shell any more.
    for (let times = 0; times < 5 && !isInForeground(); times++) process.kill(0, 'SIGTTOU');
    this.#found = stty(['-g']).trim();
    this.#makeRaw();
  }

  #makeRaw(): void {
    // Some systems have no such flag, and stty refuses all of the words for one that it has not.
    const { flags } = this.#report;
    const known = RAW.filter((word) => word !== '-iuclc' || flags.has(word) || flags.has('iuclc'));
    stty([...known, ...ONE_BYTE_AT_A_TIME]);
  }

  #layDown(): void {
    const found = this.#found;
    this.#found = undefined;
    // Otherwise it is another program's, whose modes are not for us to change.
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

/** Runs stty on our own standard input; empty where it can say nothing. */
function stty(words: readonly string[], timeout?: number): string {
  const { stdout } = spawnSync('stty', words, {
    env: { ...process.env, LC_ALL: 'C' },
    encoding: 'utf8',
    stdio: [0, 'pipe', 'ignore'],
    timeout,
    killSignal: 'SIGKILL',
  });
  // Null where there is no stty.
  return stdout ?? '';
}

/** Whether ours are the keys of the terminal: by proc(5), since stty does not tell. */
function isInForeground(): boolean {
  try {
    const stat = readFileSync('/proc/self/stat', 'utf8');
    // Behind the name of the program, which may hold anything.
    const [, , , group, , , foreground] = stat.slice(stat.lastIndexOf(')') + 1).split(' ');
    return foreground === '-1' || foreground === group;
  } catch {
    return true; // a system without it
  }
}
