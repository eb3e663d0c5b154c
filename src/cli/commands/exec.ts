/** `sshpool exec` under Node: for --json, and where no launcher can run. It has no terminal. */
import { isatty } from 'node:tty';
import { EXIT_FAILURE } from '../../base/error-table.ts';
import { SshpoolError } from '../../base/errors.ts';
import { programVersion } from '../../base/version.ts';
import type { Call, MessageOf } from '../../client/call/call.ts';
import { runDelegated } from '../../client/exec/delegated.ts';
import { OwnWords } from '../../client/exec/own-words.ts';
import { failed, resultOf, type Last } from '../../client/exec/result.ts';
import { ExecSignals } from '../../client/exec/signals.ts';
import { Prompter } from '../../client/terminal/answer.ts';
import { startOverAgent, type PersonalCaller } from '../../library/over-agent.ts';
import { CommandProcess } from '../../library/process.ts';
import type { CommandOutput } from '../../library/streams.ts';
import type { SignalName } from '../../library/types.ts';
import type { Message } from '../../wire/protocol.ts';
import { ourPaths } from '../agent-call.ts';
import type { ExecUi } from '../ui.ts';
import { writeAll } from '../write-all.ts';

/**
 * Resolves to the exit status. Repeats the call once if the agent is lost before the command can have run.
 * @throws SshpoolError for failures before that, except those that the agent reports
 */
export async function exec(words: readonly Buffer[], ui: ExecUi): Promise<number> {
  const attempt = (): Promise<number> => new NodeExec(words, ui).run();
  try {
    return await attempt();
  } catch (thrown) {
    if (SshpoolError.from(thrown).code !== 'AGENT_LOST') throw thrown;
    return attempt();
  }
}

class NodeExec implements PersonalCaller {
  readonly can = ['ask', 'ssh', 'words'] as const;
  /** Not that at standard input: the remote gets none. */
  readonly terminals = (isatty(1) ? 2 : 0) | (isatty(2) ? 4 : 0);
  readonly #words: readonly Buffer[];
  readonly #ui: ExecUi;
  readonly #process = new CommandProcess({ stdin: 'pipe' });
  readonly #own: OwnWords;
  readonly #answers: Prompter;
  readonly #signals: ExecSignals;
  readonly #gone = new AbortController();
  readonly #collected = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
  #accepted: MessageOf<'accepted'> | undefined;
  #last: Last | undefined;
  /** The agent has asked the server to run the command. */
  #mayHaveRun = false;
  #stopWaiting: () => void = () => undefined;

  constructor(words: readonly Buffer[], ui: ExecUi) {
    this.#words = words;
    this.#ui = ui;
    this.#own = new OwnWords((line) => ui.print(line));
    this.#answers = new Prompter((line) => this.#own.say(line));
    this.#signals = new ExecSignals({
      stopWaiting: () => this.#stopWaiting(),
      send: (name) => this.#process.kill(name as SignalName),
      leave: () => this.#gone.abort(SshpoolError.of('CANCELLED', {})),
    });
  }

  readonly observe = (call: Call, message: Message): boolean => {
    switch (message.type) {
      case 'accepted':
        this.#accepted = message;
        if (!message.quiet) this.#stopWaiting = this.#ui.waiting(message.target);
        return false;
      case 'ask':
        void this.#answer(call, message);
        return false;
      case 'note':
        this.#stopWaiting();
        this.#own.say(message.text);
        return false;
      case 'words':
        this.#stopWaiting();
        this.#ui.show(message.text);
        return false;
      case 'log':
        if (this.#own.openLog(message.file)) return false;
        this.#last = { type: 'delegate', to: 'ssh', argv: this.#words };
        return true;
      case 'starting':
        this.#mayHaveRun = true;
        return false;
      case 'opened':
        this.#opened(message);
        return false;
      case 'exited':
      case 'failed':
        this.#last = message;
        return false;
      case 'delegate':
        this.#last = message;
        return true;
      default:
        return false;
    }
  };

  async run(): Promise<number> {
    const setting = { paths: ourPaths(), version: programVersion(), caller: this };
    const command = { command: 'exec', words: this.#words, name: '' } as const;
    this.#signals.listen();
    const outputs = [this.#give(this.#process.stdout, 1), this.#give(this.#process.stderr, 2)];
    try {
      await startOverAgent(this.#process, command, setting, this.#gone.signal);
      if (this.#last?.type !== 'delegate') await this.#process.exit;
    } catch (thrown) {
      // Ends the streams, also where no call was begun.
      this.#process.fail(SshpoolError.from(thrown));
      if (this.#last === undefined && !this.#mayHaveRun) throw thrown;
      this.#last ??= failed(thrown);
    } finally {
      this.#stopWaiting();
      this.#answers.close();
      if (this.#last?.type !== 'delegate') await Promise.all(outputs);
      this.#signals.release();
    }
    return this.#finish();
  }

  #opened({ stdin }: MessageOf<'opened'>): void {
    this.#stopWaiting();
    this.#signals.forward();
    // Without this no byte of standard input is read: it may be for another program.
    if (!stdin) return void this.#process.stdin.end();
    // Not pipeline(), whose module takes 2 ms to load while the command waits.
    process.stdin.once('error', () => this.#process.stdin.end());
    this.#process.stdin.on('error', () => process.stdin.destroy());
    process.stdin.pipe(this.#process.stdin);
  }

  async #answer(call: Call, { id, text, echo }: MessageOf<'ask'>): Promise<void> {
    this.#stopWaiting();
    call.answer(id, await this.#answers.give(text, echo));
  }

  async #give(output: CommandOutput, fd: 1 | 2): Promise<void> {
    const kept = this.#collected[fd === 1 ? 'stdout' : 'stderr'];
    try {
      for await (const data of output as AsyncIterable<Buffer>) {
        if (this.#accepted?.json) kept.push(data);
        else await writeAll(fd, data);
      }
    } catch {
      // Its reader has closed, or the command failed, which `exit` reports.
    }
  }

  async #finish(): Promise<number> {
    const last = this.#last;
    if (last?.type === 'delegate') return runDelegated(last, this.#words, () => this.#ui.help());
    this.#own.end(last ?? {});
    if (this.#accepted?.json) {
      await this.#ui.printResult(resultOf(this.#accepted.target, last, this.#collected));
    }
    return last?.exitCode ?? EXIT_FAILURE;
  }
}
