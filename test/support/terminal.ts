/** Runs programs in their own terminal, made by script(1): reads the screen and types. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { stopAgentAtTheEnd } from './cli.ts';
import { allWait, childrenOf, descendantsOf, until } from './process.ts';
import type { Sandbox } from './sandbox.ts';

const SCRIPT = '/usr/bin/script';

export function haveTerminals(): boolean {
  return existsSync(SCRIPT);
}

export class Terminal {
  /** Everything that was shown so far. */
  screen = '';
  readonly #child: ChildProcess;
  readonly #ended: Promise<number | null>;
  #seen = 0;

  private constructor(child: ChildProcess) {
    this.#child = child;
    child.stdout?.on('data', (text: Buffer) => (this.screen += text.toString()));
    this.#ended = new Promise((resolve) => child.once('close', resolve));
  }

  /** Runs a command in a terminal; `env` is added to the sandbox's. */
  static run(
    sandbox: Sandbox,
    words: readonly string[],
    env: Readonly<Record<string, string | undefined>> = {},
  ): Terminal {
    stopAgentAtTheEnd(sandbox);
    const command = words.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ');
    const child = spawn(SCRIPT, ['-qfec', command, '/dev/null'], {
      cwd: sandbox.home,
      env: { ...sandbox.env, ...env },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const terminal = new Terminal(child);
    sandbox.defer(async () => {
      terminal.hangUp();
      await terminal.#ended;
    });
    return terminal;
  }

  /** A shell with job control; its prompt is `$ `. */
  static async shell(sandbox: Sandbox): Promise<Terminal> {
    const words = ['bash', '--norc', '--noprofile', '--noediting', '-i'];
    const shell = Terminal.run(sandbox, words, { PS1: '$ ', TERM: 'dumb' });
    await shell.shows('$ ');
    return shell;
  }

  /** Waits until the terminal shows this text, after the text that was last waited for. */
  async shows(text: string): Promise<void> {
    await until(
      () => this.screen.includes(text, this.#seen),
      `the terminal shows ${JSON.stringify(text)}`,
    ).catch((error: unknown) => {
      throw new Error(`${String(error)}; it shows:\n${this.screen}`);
    });
    this.#seen = this.screen.indexOf(text, this.#seen) + text.length;
  }

  /**
   * Waits for a prompt, and until its program reads the answer: ssh loses a Ctrl-C that comes between the
   * prompt and the read, and then waits for ever (its readpassphrase(3) only marks the signal, and lets
   * the read that the signal interrupts end).
   */
  async asks(question: string): Promise<void> {
    await this.shows(question);
    const waits = (): boolean => allWait(descendantsOf(this.#child.pid ?? 0));
    await until(waits, `the program waits for an answer to ${JSON.stringify(question)}`);
  }

  type(text: string): void {
    this.#child.stdin?.write(text);
  }

  /** Types a command line; its echo does not count as shown. */
  async command(line: string): Promise<void> {
    this.type(`${line}\r`);
    await this.shows(`${line}\r\n`);
  }

  /** Returns the output of a shell command. */
  async output(line: string): Promise<string> {
    await this.command(`${line}; echo end of output`);
    const from = this.#seen;
    await this.shows('end of output\r\n');
    return this.screen.slice(from, this.#seen - 'end of output\r\n'.length);
  }

  /** The process that script(1) runs. */
  get pid(): number {
    const [pid] = childrenOf(this.#child.pid ?? 0);
    if (pid === undefined) throw new Error('nothing runs in the terminal');
    return pid;
  }

  /** Resolves to the exit status, after all output is on the screen. */
  get ended(): Promise<number | null> {
    return this.#ended;
  }

  /** Answers each question when it is shown; resolves to the exit status. */
  async dialogue(
    ...turns: readonly (readonly [question: string, typed: string])[]
  ): Promise<number | null> {
    for (const [question, typed] of turns) {
      // Each answer is typed only after its prompt.
      await this.asks(question);
      this.type(typed);
    }
    return this.#ended;
  }

  /** Closes the terminal, as when its window is closed. */
  hangUp(): void {
    this.#child.kill('SIGKILL');
  }
}
