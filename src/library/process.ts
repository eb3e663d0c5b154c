/** A remote command as programs see it. Does not know whether a session or a call carries it. */
import type { Borrowed } from '../base/borrowed.ts';
import { SshpoolError } from '../base/errors.ts';
import { checkSignal } from './signal-name.ts';
import { CommandInput, CommandOutput } from './streams.ts';
import type { ExecOptions, RemoteExit, RemoteProcess, SignalName } from './types.ts';

export interface Carrier {
  write(data: Borrowed): void;
  endStdin(): void;
  consume(bytes: number): void;
  closeStdout(): void;
  signal(name: SignalName): void;
  /** Ends the command; its output is dropped. Resolves when it has ended, or was left to the agent to end. */
  abandon(): Promise<void>;
}

export class CommandProcess implements RemoteProcess {
  readonly stdin: CommandInput;
  readonly stdout: CommandOutput;
  readonly stderr: CommandOutput;
  readonly exit: Promise<RemoteExit>;
  /** Resolves when nothing more has to be done to end the command. */
  readonly over: Promise<void>;
  readonly #begin: () => void;
  #carrier: Carrier | undefined;
  #ended = false;
  #resolve: (exit: RemoteExit) => void = () => undefined;
  #reject: (error: SshpoolError) => void = () => undefined;
  #isOver: (end: Promise<void> | undefined) => void = () => undefined;

  constructor({ input, stdin }: Pick<ExecOptions, 'input' | 'stdin'>) {
    const consume = (bytes: number): void => this.#carrier?.consume(bytes);
    this.stdin = new CommandInput({
      write: (data) => this.#carrier?.write(data),
      end: () => this.#carrier?.endStdin(),
    });
    this.stdout = new CommandOutput(consume, () => this.#carrier?.closeStdout());
    this.stderr = new CommandOutput(consume);
    this.exit = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.over = new Promise((resolve) => (this.#isOver = resolve));
    // A caller that only reads the streams gets the error there: no unhandled rejection.
    this.exit.catch(() => undefined);
    this.#begin = () => {
      if (input !== undefined) this.stdin.end(input);
      else if (stdin !== 'pipe') this.stdin.end();
    };
  }

  begin(carrier: Carrier): void {
    this.#carrier = carrier;
    if (this.#ended) void carrier.abandon();
    else this.#begin();
  }

  /** All its output has arrived. */
  finish(exit: RemoteExit): void {
    if (this.#ended) return;
    this.#ended = true;
    this.stdin.close();
    this.stdout.finish();
    this.stderr.finish();
    this.#resolve(exit);
    this.#isOver(undefined);
  }

  /** Ends the command: its end could not be observed, or its caller gave it up. */
  fail(error: SshpoolError): void {
    if (this.#ended) return;
    this.#ended = true;
    this.stdin.close();
    this.stdout.fail(error);
    this.stderr.fail(error);
    this.#reject(error);
    this.#isOver(this.#carrier?.abandon());
  }

  /** Without a report: the program ends too. */
  abort(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#isOver(this.#carrier?.abandon());
  }

  /** @throws SshpoolError BAD_INPUT for a name that RFC 4254 does not have, such as SIGTERM */
  kill(signal: SignalName = 'TERM'): void {
    checkSignal(signal);
    if (!this.#ended) this.#carrier?.signal(signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.fail(SshpoolError.of('CANCELLED', {}));
    await this.over;
  }
}
