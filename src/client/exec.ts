/**
 * `sshpool exec`, `ssh` and `shell` on the caller's side: it hands the words to the agent and then moves bytes,
 * signals and answers. What the words mean is not known here.
 */
import { isatty } from 'node:tty';
import { EXIT_FAILURE, SshpoolError } from '../base/errors.ts';
import type { CommandName } from '../config/call-args.ts';
import { parseCall } from '../config/command-line.ts';
import type { RuntimePaths } from '../config/paths.ts';
import type { Message } from '../wire/protocol.ts';
import { Answers } from './answer.ts';
import { Call, envLines, OtherProtocol, type MessageOf } from './call.ts';
import { connectOrStart } from './connect.ts';
import { resultOf, type ExecResult } from './exec-result.ts';
import { Input, Output } from './exec-streams.ts';
import { Keyboard } from './keyboard.ts';
import type { LocalTerminal } from './terminal.ts';
import { bytesOf } from './words.ts';
import { withOwnProtocol } from './versions.ts';

export interface ExecUi {
  /** The agent accepted the call and it may take a while; returns what ends the waiting. */
  waiting(target: string): () => void;
  /** A line on standard error. */
  print(line: string): void;
  /** The result of exec --json. */
  printResult(result: ExecResult): Promise<void>;
  help(): Promise<void>;
}

export interface ExecSetting {
  readonly paths: RuntimePaths;
  readonly version: string;
  readonly ui: ExecUi;
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
/** One more ends ssh as those do. */
const ENDING = [...SIGNALS, 'SIGQUIT'] as const;
const NO_TERMINAL = { columns: 0, rows: 0, width: 0, height: 0, modes: Buffer.alloc(0) };

/**
 * Runs the call; resolves to the exit status when everything is written.
 * @throws SshpoolError for what is wrong before the agent has accepted the call
 */
export async function exec(
  command: CommandName,
  argv: readonly string[],
  setting: ExecSetting,
): Promise<number> {
  const words = bytesOf(argv);
  // Loaded only for a terminal: every other call would pay for it.
  const terminal = isatty(0) ? await import('./terminal.ts') : undefined;
  return withOwnProtocol(setting.paths, setting.version, () =>
    new ExecRun({ command, words, terminal }, setting).run(),
  );
}

interface Asked {
  readonly command: CommandName;
  readonly words: readonly Buffer[];
  /** That of standard input, where it is one. */
  readonly terminal: typeof import('./terminal.ts') | undefined;
}

class ExecRun {
  readonly #asked: Asked;
  readonly #keyboard: Keyboard;
  readonly #local: LocalTerminal;
  readonly #setting: ExecSetting;
  readonly #collected = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
  #call: Call | undefined;
  #accepted: MessageOf<'accepted'> | undefined;
  #last: MessageOf<'exited' | 'failed' | 'delegate'> | undefined;
  #stopWaiting: () => void = () => undefined;
  readonly #answers = new Answers();
  #opened: MessageOf<'opened'> | undefined;
  #signalled = false;
  readonly #input = new Input(
    () => process.stdin,
    (data) => this.#keyboard.typed(data),
    () => this.#call?.send({ type: 'stdinEnd' }),
  );
  readonly #stdout = new Output(
    1,
    (bytes) => this.#call?.send({ type: 'taken', bytes }),
    () => this.#call?.send({ type: 'stdoutClosed' }),
  );
  readonly #stderr = new Output(
    2,
    (bytes) => this.#call?.send({ type: 'taken', bytes }),
    () => undefined,
  );

  constructor(asked: Asked, setting: ExecSetting) {
    this.#asked = asked;
    this.#setting = setting;
    this.#local = asked.terminal?.describeTerminal() ?? NO_TERMINAL;
    this.#keyboard = new Keyboard(
      { terminal: asked.terminal, told: this.#local },
      (message) => this.#call?.send(message),
      () => process.exit(EXIT_FAILURE),
    );
  }

  async run(): Promise<number> {
    const { paths, version } = this.#setting;
    const { command, words } = this.#asked;
    // Nothing is started for a command line that is wrong.
    const socket = await connectOrStart(paths, () => void parseCall(command, words));
    const call = new Call(socket, paths.log, version, (message) => this.#receive(message));
    this.#call = call;
    for (const name of SIGNALS) process.on(name, this.#signal);
    call.send({
      type: 'exec',
      command,
      argv: words,
      cwd: process.cwd(),
      env: envLines(process.env),
      terminals: terminals(),
      ...this.#local,
    });
    try {
      await call.ended;
    } catch (thrown) {
      if (thrown instanceof OtherProtocol) throw thrown;
      this.#last ??= failed(thrown);
    } finally {
      this.#stopWaiting();
      this.#answers.close();
      await Promise.all([this.#stdout.flushed(), this.#stderr.flushed()]);
      for (const name of ENDING) process.off(name, this.#signal);
      this.#keyboard.close();
    }
    return this.#finish();
  }

  /** True for the last message. */
  #receive(message: Message): boolean {
    const call = this.#call;
    switch (message.type) {
      case 'accepted':
        this.#accepted = message;
        if (!message.quiet) this.#stopWaiting = this.#setting.ui.waiting(message.target);
        return false;
      case 'ask':
        void this.#answer(message);
        return false;
      case 'askEnvironment':
        call?.send({ type: 'environment', env: envLines(process.env, message.patterns) });
        return false;
      case 'note':
        this.#stopWaiting();
        this.#setting.ui.print(message.text);
        return false;
      case 'opened':
        this.#opened = message;
        this.#stopWaiting();
        this.#keyboard.open(message);
        if (!message.signals) process.on('SIGQUIT', this.#signal);
        return false;
      case 'window':
        this.#input.grant(message.bytes);
        return false;
      case 'stdinClosed':
        this.#input.close();
        return false;
      case 'stdout':
      case 'stderr':
        this.#output(message);
        return false;
      case 'exited':
      case 'failed':
      case 'delegate':
        this.#last = message;
        return true;
      default:
        return false; // a message of a newer agent that says nothing to us
    }
  }

  #output({ type, data }: MessageOf<'stdout' | 'stderr'>): void {
    if (this.#accepted?.json) {
      this.#collected[type].push(data);
      this.#call?.send({ type: 'taken', bytes: data.length });
    } else if (type === 'stdout') this.#stdout.write(data);
    else this.#stderr.write(data);
  }

  async #answer({ id, text, echo }: MessageOf<'ask'>): Promise<void> {
    this.#stopWaiting();
    const typed = await this.#answers.give(text, echo);
    this.#call?.send({ type: 'answer', id, given: typed !== undefined, text: typed ?? '' });
  }

  /**
   * The first signal goes to the remote command, which may take its time; the second ends us. ssh
   * ends by the first one, with a status of its own.
   */
  readonly #signal = (name: NodeJS.Signals): void => {
    this.#stopWaiting();
    if (this.#opened && !this.#opened.signals) {
      this.#keyboard.close();
      this.#call?.leave();
      process.exit(EXIT_FAILURE);
    }
    if (this.#opened && !this.#signalled) {
      this.#signalled = true;
      this.#call?.send({ type: 'signal', name: name.slice('SIG'.length) });
      return;
    }
    this.#call?.leave();
    // To die of the signal tells a shell the truth, and no blocked write can hold us back.
    this.#keyboard.close();
    for (const each of SIGNALS) process.removeAllListeners(each);
    process.kill(process.pid, name);
  };

  async #finish(): Promise<number> {
    const { ui } = this.#setting;
    const last = this.#last;
    if (last?.type === 'delegate') {
      if (last.to === 'ssh') {
        const { becomeSsh } = await import('./become-ssh.ts');
        return becomeSsh(last.argv);
      }
      await ui.help();
      return 0;
    }
    const { exitCode = EXIT_FAILURE, message = '', farewell = '' } = last ?? {};
    if (farewell !== '') ui.print(farewell);
    else if (message !== '') ui.print(`sshpool: ${message}`);
    const { accepted, collected } = { accepted: this.#accepted, collected: this.#collected };
    if (accepted?.json) await ui.printResult(resultOf(accepted.target, last, collected));
    return exitCode;
  }
}

function failed(thrown: unknown): MessageOf<'failed'> {
  const { code, message, exitCode } = SshpoolError.from(thrown);
  return { type: 'failed', code, message, farewell: '', exitCode };
}

function terminals(): number {
  return [0, 1, 2].reduce((bits, fd) => bits | (isatty(fd) ? 1 << fd : 0), 0);
}
