/** A remote command as programs see it. What carries it, a session or a call, is not known here. */
import { SshpoolError } from '../base/errors.ts';
import { checkSignal } from './schema.ts';
import { CommandInput, CommandOutput } from './streams.ts';
import type { ExecOptions, RemoteExit, RemoteProcess, SignalName } from './types.ts';

/** What carries the command: a session of our own, or a call to the agent. */
export interface Carrier {
  /** At most so many bytes as were granted. */
  write(data: Buffer): void;
  endStdin(): void;
  /** So many bytes of stdout and stderr were read, or dropped. */
  consume(bytes: number): void;
  /** Nobody reads stdout any more. */
  closeStdout(): void;
  signal(name: SignalName): void;
  /** Sees to it that the command ends; nothing of it is wanted any more. Resolves when it has. */
  abandon(): Promise<void>;
}

export class CommandProcess implements RemoteProcess {
  readonly stdin: CommandInput;
  readonly stdout: CommandOutput;
  readonly stderr: CommandOutput;
  readonly exit: Promise<RemoteExit>;
  /** Resolves when nothing of it goes on, at the host either. */
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
    // Who reads the streams alone sees it there; it is no unhandled rejection.
    this.exit.catch(() => undefined);
    this.#begin = () => {
      if (input !== undefined) this.stdin.end(input);
      else if (stdin !== 'pipe') this.stdin.end();
    };
  }

  /** The command runs, and this carries it. */
  begin(carrier: Carrier): void {
    this.#carrier = carrier;
    if (this.#ended) void carrier.abandon();
    else this.#begin();
  }

  /** The command is over, and all its output has come. */
  finish(exit: RemoteExit): void {
    if (this.#ended) return;
    this.#ended = true;
    this.stdin.close();
    this.stdout.finish();
    this.stderr.finish();
    this.#resolve(exit);
    this.#isOver(undefined);
  }

  /** It could not be followed to its end, or nobody wants to: it is ended. */
  fail(error: SshpoolError): void {
    if (this.#ended) return;
    this.#ended = true;
    this.stdin.close();
    this.stdout.fail(error);
    this.stderr.fail(error);
    this.#reject(error);
    this.#isOver(this.#carrier?.abandon());
  }

  /** It is ended, and nobody is told: the program ends too. */
  abort(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#isOver(this.#carrier?.abandon());
  }

  /** @throws SshpoolError BAD_INPUT for what is no signal of RFC 4254, such as SIGTERM */
  kill(signal: SignalName = 'TERM'): void {
    checkSignal(signal);
    if (!this.#ended) this.#carrier?.signal(signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.fail(SshpoolError.of('CANCELLED', {}));
    await this.over;
  }
}
