/** A remote command over the user's agent; each command is a call of its own. */
import { lend, view } from '../base/borrowed.ts';
import { currentDirectory } from '../base/current-directory.ts';
import { SshpoolError } from '../base/errors.ts';
import { ownPlace } from '../base/place.ts';
import { Call, envLines, NotTaken, type MessageOf } from '../client/call/call.ts';
import { connectOrStart } from '../client/call/connect.ts';
import { withAgent } from '../client/call/versions.ts';
import type { CAPABILITIES } from '../wire/capabilities.ts';
import type { RuntimePaths } from '../config/settings/paths.ts';
import { MAX_CHUNK, type Message } from '../wire/protocol.ts';
import type { CommandProcess } from './process.ts';

export interface AgentSetting {
  readonly paths: RuntimePaths;
  readonly version: string;
  /** A program, unless given. */
  readonly caller?: PersonalCaller;
}

export interface AgentCommand {
  readonly command: 'exec' | 'forward';
  readonly words: readonly Buffer[];
  readonly name: string;
}

/** A caller that is a person's command, and not a program. */
export interface PersonalCaller {
  readonly can: readonly (keyof typeof CAPABILITIES)[];
  /** Bits as in the message `exec`. */
  readonly terminals: number;
  /** Sees each message first. True ends the call: it was the last message. */
  readonly observe: (call: Call, message: Message) => boolean;
}

const PROGRAM: PersonalCaller = { can: [], terminals: 0, observe: () => false };

/** @throws SshpoolError AGENT_START, AGENT_LOST, AGENT_VERSION, as the agent says, or `signal.reason` */
export function startOverAgent(
  process: CommandProcess,
  { command, words, name }: AgentCommand,
  { paths, version, caller = PROGRAM }: AgentSetting,
  signal: AbortSignal,
): Promise<void> {
  const { can, terminals, observe } = caller;
  return withAgent(paths, version, async () => {
    const cwd = currentDirectory();
    const socket = await connectOrStart(paths);
    const run = new AgentRun(process, name);
    const call: Call = new Call(socket, { log: paths.log, version, can }, (message) => {
      if (!observe(call, message)) return run.receive(call, message);
      run.leave();
      return true;
    });
    const abort = (): void => {
      run.refuse(SshpoolError.from(signal.reason));
      call.leave();
    };
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
    call.ended.then(
      () => signal.removeEventListener('abort', abort),
      (thrown: unknown) => {
        signal.removeEventListener('abort', abort);
        run.refuse(thrown);
      },
    );
    call.send({
      type: 'exec',
      command,
      argv: words,
      cwd,
      env: envLines(globalThis.process.env),
      ...ownPlace(globalThis.process.env),
      terminals,
      ...{ columns: 0, rows: 0, width: 0, height: 0 },
      modes: Buffer.alloc(0),
    });
    await run.started;
  });
}

class AgentRun {
  readonly #process: CommandProcess;
  readonly #name: string;
  readonly started: Promise<void>;
  #resolve: () => void = () => undefined;
  #reject: (reason: unknown) => void = () => undefined;

  constructor(process: CommandProcess, name: string) {
    this.#process = process;
    this.#name = name;
    this.started = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** The call ends without a result of its own. */
  leave(): void {
    this.#resolve();
  }

  refuse(reason: unknown): void {
    this.#reject(reason);
    // After NotTaken withAgent makes a second call for the same command.
    if (!(reason instanceof NotTaken)) this.#process.fail(SshpoolError.from(reason));
  }

  /** True for the last message. */
  receive(call: Call, message: Message): boolean {
    switch (message.type) {
      case 'askEnvironment': {
        const env = envLines(globalThis.process.env, message.patterns);
        call.send({ type: 'environment', env });
        return false;
      }
      case 'opened':
        this.#opened(call);
        return false;
      case 'window':
        this.#process.stdin.grant(message.bytes);
        return false;
      case 'stdinClosed':
        this.#process.stdin.close();
        return false;
      case 'stdout':
      case 'stderr':
        this.#process[message.type].deliver(lend(message.data));
        return false;
      case 'stdoutEnd':
        this.#process.stdout.finish();
        return false;
      case 'exited':
        this.#exited(message);
        return true;
      case 'failed':
        this.refuse(SshpoolError.received(message.code, message.message, message.exitCode));
        return true;
      default:
        return false; // not reported to programs
    }
  }

  #opened(call: Call): void {
    this.#process.begin({
      write: (borrowed) => {
        const data = view(borrowed);
        for (let at = 0; at < data.length; at += MAX_CHUNK) {
          call.send({ type: 'stdin', data: data.subarray(at, at + MAX_CHUNK) });
        }
      },
      endStdin: () => call.send({ type: 'stdinEnd' }),
      consume: (bytes) => call.send({ type: 'taken', bytes }),
      closeStdout: () => call.send({ type: 'stdoutClosed' }),
      signal: (name) => call.send({ type: 'signal', name }),
      // The agent sends SIGHUP to the command of a caller that has disconnected.
      abandon: () => {
        call.leave();
        return Promise.resolve();
      },
    });
    this.#resolve();
  }

  #exited({ status, exitCode, signal, message, reused }: MessageOf<'exited'>): void {
    if (status === 'exited' || status === 'signalled') {
      this.#process.finish({ exitCode, signal: signal || undefined, reused });
      this.#resolve();
      return;
    }
    const lost = SshpoolError.received('CONNECTION_LOST', message);
    this.refuse(message === '' ? SshpoolError.of('NO_STATUS', { host: this.#name }) : lost);
  }
}
