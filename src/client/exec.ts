/**
 * `sshpool exec` on the caller's side: it hands the words to the agent and then moves bytes,
 * signals and answers. What the words mean is not known here.
 */
import { isatty } from 'node:tty';
import { EXIT_FAILURE, SshpoolError } from '../base/errors.ts';
import { parseExecArgs } from '../config/exec-args.ts';
import type { RuntimePaths } from '../config/paths.ts';
import type { Message } from '../wire/protocol.ts';
import { Answers } from './answer.ts';
import { Call, envLines, OtherProtocol, type MessageOf } from './call.ts';
import { connectOrStart } from './connect.ts';
import { Input, Output } from './exec-streams.ts';
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

/** What exec --json prints. Streams are decoded as UTF-8; times are in milliseconds. */
export interface ExecResult {
  readonly host: string;
  readonly exitCode: number;
  readonly signal: string | null;
  readonly timedOut: boolean;
  readonly reused: boolean;
  readonly queueMs: number;
  readonly connectMs: number;
  readonly execMs: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Why it did not run, or was not followed to its end; null otherwise. */
  readonly error: { readonly code: string; readonly message: string } | null;
}

export interface ExecSetting {
  readonly paths: RuntimePaths;
  readonly version: string;
  readonly ui: ExecUi;
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Runs the call; resolves to the exit status when everything is written.
 * @throws SshpoolError for what is wrong before the agent has accepted the call
 */
export async function exec(argv: readonly string[], setting: ExecSetting): Promise<number> {
  const words = argv.map((word) => Buffer.from(word));
  return withOwnProtocol(setting.paths, setting.version, () => new ExecRun(words, setting).run());
}

class ExecRun {
  readonly #words: readonly Buffer[];
  readonly #setting: ExecSetting;
  readonly #collected = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
  #call: Call | undefined;
  #accepted: MessageOf<'accepted'> | undefined;
  #last: MessageOf<'exited' | 'failed' | 'delegate'> | undefined;
  #stopWaiting: () => void = () => undefined;
  readonly #answers = new Answers();
  #opened = false;
  #signalled = false;
  readonly #input = new Input(
    () => process.stdin,
    (data) => this.#call?.send({ type: 'stdin', data }),
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

  constructor(words: readonly Buffer[], setting: ExecSetting) {
    this.#words = words;
    this.#setting = setting;
  }

  async run(): Promise<number> {
    const { paths, version } = this.#setting;
    // Nothing is started for a command line that is wrong.
    const socket = await connectOrStart(paths, () => void parseExecArgs(this.#words));
    const call = new Call(socket, paths.log, version, (message) => this.#receive(message));
    this.#call = call;
    for (const name of SIGNALS) process.on(name, this.#signal);
    call.send({
      type: 'exec',
      command: 'exec',
      argv: this.#words,
      cwd: process.cwd(),
      env: envLines(process.env),
      terminals: terminals(),
      ...{ columns: 0, rows: 0, width: 0, height: 0 },
      modes: Buffer.alloc(0),
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
      for (const name of SIGNALS) process.off(name, this.#signal);
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
        this.#opened = true;
        this.#stopWaiting();
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

  /** The first signal goes to the remote command, which may take its time; the second ends us. */
  readonly #signal = (name: NodeJS.Signals): void => {
    this.#stopWaiting();
    if (this.#opened && !this.#signalled) {
      this.#signalled = true;
      this.#call?.send({ type: 'signal', name: name.slice('SIG'.length) });
      return;
    }
    this.#call?.leave();
    // To die of the signal tells a shell the truth, and no blocked write can hold us back.
    for (const each of SIGNALS) process.removeAllListeners(each);
    process.kill(process.pid, name);
  };

  async #finish(): Promise<number> {
    const { ui } = this.#setting;
    const last = this.#last;
    if (last?.type === 'delegate') {
      await ui.help();
      return 0;
    }
    const { exitCode = EXIT_FAILURE, message = '' } = last ?? {};
    if (message !== '') ui.print(`sshpool: ${message}`);
    if (this.#accepted?.json) await ui.printResult(this.#result(this.#accepted.target));
    return exitCode;
  }

  #result(host: string): ExecResult {
    const last = this.#last;
    const output = {
      stdout: Buffer.concat(this.#collected.stdout).toString('utf8'),
      stderr: Buffer.concat(this.#collected.stderr).toString('utf8'),
    };
    if (last?.type !== 'exited') {
      const {
        code = 'AGENT_LOST',
        message = '',
        exitCode = EXIT_FAILURE,
      } = last?.type === 'failed' ? last : {};
      const times = { reused: false, queueMs: 0, connectMs: 0, execMs: 0 };
      const timedOut = code === 'TIMED_OUT';
      const error = { code, message };
      return { host, exitCode, signal: null, timedOut, ...times, ...output, error };
    }
    const { exitCode, signal, status, message, reused, queueMs, connectMs, execMs } = last;
    const code = status === 'timedOut' ? 'TIMED_OUT' : 'CONNECTION_LOST';
    return {
      host,
      exitCode,
      signal: signal === '' ? null : signal,
      timedOut: status === 'timedOut',
      reused,
      queueMs,
      connectMs,
      execMs,
      ...output,
      error: status === 'lost' || status === 'timedOut' ? { code, message } : null,
    };
  }
}

function failed(thrown: unknown): MessageOf<'failed'> {
  const { code, message, exitCode } = SshpoolError.from(thrown);
  return { type: 'failed', code, message, farewell: '', exitCode };
}

function terminals(): number {
  return [0, 1, 2].reduce((bits, fd) => bits | (isatty(fd) ? 1 << fd : 0), 0);
}
