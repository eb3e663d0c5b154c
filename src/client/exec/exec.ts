/** The caller's side of exec, ssh and shell: passes words, data, signals and answers. */
import { isatty } from 'node:tty';
import { EXIT_FAILURE } from '../../base/error-table.ts';
import { SshpoolError } from '../../base/errors.ts';
import { pause } from '../../base/time.ts';
import type { CommandName } from '../../config/command-line/call-args.ts';
import { CALL_COMMANDS } from '../../config/command-line/command-line.ts';
import type { RuntimePaths } from '../../config/settings/paths.ts';
import type { Message } from '../../wire/protocol.ts';
import { Prompter } from '../terminal/answer.ts';
import { Call, envLines, type MessageOf } from '../call/call.ts';
import { connectOrStart } from '../call/connect.ts';
import { runDelegated } from './delegated.ts';
import { failed, resultOf, type ExecResult, type Last } from './result.ts';
import { ExecSignals } from './signals.ts';
import { StandardInput, OutputDescriptor } from './streams.ts';
import { execMessage } from './message.ts';
import { begunCall, throwGivenUp } from './left-by-launcher.ts';
import { Keyboard } from '../terminal/keyboard.ts';
import { OwnWords } from './own-words.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { withAgent } from '../call/versions.ts';

/** `print` adds a line end, `show` does not; both write to standard error. */
export interface ExecUi {
  /** Shows that the call takes a while; returns a function that ends that. */
  waiting(target: string): () => void;
  print(line: string): void;
  show(text: string): void;
  printResult(result: ExecResult): Promise<void>;
  help(): Promise<void>;
}

export interface ExecSetting {
  readonly paths: RuntimePaths;
  readonly version: string;
  readonly ui: ExecUi;
}

/**
 * Resolves to the exit status. Repeats the call once if the agent is lost before the command can have run.
 * @throws SshpoolError for failures before that, except those that the agent reports
 */
export async function exec(
  command: CommandName,
  words: readonly Buffer[],
  setting: ExecSetting,
): Promise<number> {
  throwGivenUp();
  // Loaded only with a terminal: calls from scripts save the time.
  const terminal = isatty(0) ? new (await import('../terminal/terminal.ts')).Terminal() : undefined;
  const attempt = (): Promise<number> =>
    withAgent(setting.paths, setting.version, () =>
      new ExecRun(command, words, terminal, setting).run(),
    );
  try {
    return await attempt();
  } catch (thrown) {
    if (SshpoolError.from(thrown).code !== 'AGENT_LOST') throw thrown;
    return attempt();
  }
}

const nothing = (): void => undefined;

/** How long to wait for the last output after the user has left. */
const LEAVE_MS = 200;

class ExecRun {
  readonly #command: CommandName;
  readonly #argv: readonly Buffer[];
  readonly #words: OwnWords;
  readonly #terminal: Terminal | undefined;
  readonly #setting: ExecSetting;
  readonly #collected = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
  #call: Call | undefined;
  #accepted: MessageOf<'accepted'> | undefined;
  #last: Last | undefined;
  /** The agent has asked the server to run the command. */
  #mayHaveRun = false;
  #stopWaiting: () => void = nothing;
  readonly #answers = new Prompter((line) => this.#words.say(line));
  readonly #keyboard: Keyboard;
  readonly #signals: ExecSignals;
  readonly #input = new StandardInput(
    () => process.stdin,
    (data) => this.#input.grant(this.#keyboard.read(data)),
    () => this.#call?.send({ type: 'stdinEnd' }),
  );
  readonly #stdout = new OutputDescriptor(
    1,
    (bytes) => this.#call?.send({ type: 'taken', bytes }),
    () => this.#call?.send({ type: 'stdoutClosed' }),
  );
  readonly #stderr = new OutputDescriptor(
    2,
    (bytes) => this.#call?.send({ type: 'taken', bytes }),
    nothing,
  );
  /** This client's own messages in place of ssh's; not reported to the agent as taken. */
  readonly #own = new OutputDescriptor(2, nothing, nothing);

  constructor(
    command: CommandName,
    words: readonly Buffer[],
    terminal: Terminal | undefined,
    setting: ExecSetting,
  ) {
    this.#command = command;
    this.#argv = words;
    this.#terminal = terminal;
    this.#setting = setting;
    this.#words = new OwnWords((line) => setting.ui.print(line));
    this.#keyboard = new Keyboard({
      send: (data) => this.#call?.send({ type: 'stdin', data }),
      show: (text) => this.#own.write(text),
      suspend: () => void this.#suspend(),
      disconnect: () => this.#call?.send({ type: 'disconnect' }),
      silent: () => this.#end(SshpoolError.of('AGENT_SILENT', { log: setting.paths.log })),
    });
    this.#signals = new ExecSignals({
      stopWaiting: () => this.#stopWaiting(),
      send: (name) => this.#call?.send({ type: 'signal', name }),
      leave: () => {
        this.#terminal?.leaveRaw();
        this.#call?.leave();
      },
    });
  }

  async run(): Promise<number> {
    const { paths, version } = this.#setting;
    // A wrong command line or a missing working directory must not start an agent.
    const check = (): unknown => CALL_COMMANDS[this.#command].parse(this.#argv);
    const begun = begunCall();
    const message = execMessage(this.#command, this.#argv, this.#terminal);
    const socket = begun ?? (await connectOrStart(paths, check));
    const receive = (received: Message): boolean => this.#receive(received);
    const call = new Call(
      socket,
      { log: paths.log, version, can: ['ask', 'ssh', 'words'] },
      receive,
    );
    this.#call = call;
    this.#signals.listen();
    if (begun === undefined) call.send(message);
    try {
      await call.ended;
    } catch (thrown) {
      if (!this.#mayHaveRun) throw thrown;
      this.#last ??= failed(thrown);
    } finally {
      this.#stopWaiting();
      this.#answers.close();
      await this.#written();
      this.#terminal?.leaveRaw();
      this.#signals.release();
    }
    return this.#finish();
  }

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
        // In raw mode a line feed does not return the cursor to the left.
        this.#words.say(this.#terminal?.isRaw ? `${message.text}\r` : message.text);
        return false;
      case 'words':
        this.#stopWaiting();
        this.#setting.ui.show(message.text);
        return false;
      case 'log':
        return !this.#openLog(message);
      case 'starting':
        this.#mayHaveRun = true;
        return false;
      case 'opened':
        this.#mayHaveRun = true;
        this.#opened(message);
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
        return false; // an unknown message of a newer agent
    }
  }

  #openLog({ file }: MessageOf<'log'>): boolean {
    const isOpen = this.#words.openLog(file);
    if (!isOpen) this.#last = { type: 'delegate', to: 'ssh', argv: this.#argv };
    return isOpen;
  }

  #opened({ stdin, terminal, escape, signals }: MessageOf<'opened'>): void {
    this.#stopWaiting();
    this.#signals.use(signals ? 'forward' : 'leave');
    this.#keyboard.useEscapes(escape);
    // As with ssh: without stdin nothing can be typed, so the local terminal stays as it is.
    if (!terminal || !stdin) return;
    this.#terminal?.enterRaw((size) => this.#call?.send({ type: 'resized', ...size }));
  }

  #output({ type, data }: MessageOf<'stdout' | 'stderr'>): void {
    if (this.#accepted?.json) {
      this.#collected[type].push(data);
      this.#call?.send({ type: 'taken', bytes: data.length });
    } else if (!this.#keyboard.isOver) {
      (type === 'stdout' ? this.#stdout : this.#stderr).write(data);
    }
  }

  /** First writes what is meant for raw mode: the shell restores its own modes. */
  async #suspend(): Promise<void> {
    await this.#own.flushed();
    if (this.#terminal?.isRaw) this.#terminal.suspend();
  }

  async #answer({ id, text, echo }: MessageOf<'ask'>): Promise<void> {
    this.#stopWaiting();
    const typed = await this.#answers.give(text, echo);
    this.#call?.answer(id, typed);
  }

  #end(error: SshpoolError): void {
    this.#last ??= failed(error);
    this.#call?.leave();
  }

  /** Resolves when all output is written; after the user has left it does not wait for a slow reader. */
  async #written(): Promise<void> {
    const outputs = [this.#stdout, this.#stderr, this.#own];
    const flushed = Promise.all(outputs.map((output) => output.flushed()));
    if (!this.#keyboard.isOver && !this.#signals.hasLeft) return void (await flushed);
    await Promise.race([flushed, pause(LEAVE_MS)]);
    // Node does not exit while a write waits for its reader; a signal ends it anyway.
    if (outputs.some(({ isBusy }) => isBusy)) {
      this.#terminal?.leaveRaw();
      this.#signals.die('SIGTERM');
    }
  }

  async #finish(): Promise<number> {
    const { ui } = this.#setting;
    const last = this.#last;
    const call = { command: this.#command, words: this.#argv };
    if (last?.type === 'delegate') return runDelegated(last, call, () => ui.help());
    const { exitCode = EXIT_FAILURE } = last ?? {};
    this.#words.end(last ?? {});
    if (this.#accepted?.json) {
      await ui.printResult(resultOf(this.#accepted.target, last, this.#collected));
    }
    return exitCode;
  }
}
