/** The open session or stream of a call: passes data, signals and window sizes on until it ends. */
import { lend, view, type Borrowed } from '../base/borrowed.ts';
import { EXIT_FAILURE } from '../base/error-table.ts';
import { SshpoolError } from '../base/errors.ts';
import type { Clock } from '../base/time.ts';
import type { SshOptions } from '../config/ssh-config/options.ts';
import type { Pool } from '../pool/pool.ts';
import { EndCommand } from '../pool/end-command.ts';
import type { Lease } from '../pool/lease.ts';
import { Keystrokes, keystrokeIntervalMs } from '../ssh/channel/keystrokes.ts';
import type { Outcome, Start } from '../ssh/channel/session.ts';
import type { Tunnel } from '../ssh/channel/tunnel.ts';
import type { Message } from '../wire/protocol.ts';
import { exitOf } from './exit.ts';
import { Forwarded, type Running } from './forwarded.ts';
import { farewell, requestFailed } from './ssh-words.ts';
import type { WhatToRun } from './what-to-run.ts';

export interface RunningCallFacts {
  readonly clock: Clock;
  readonly pool: Pool;
  readonly options: SshOptions;
  /** As ssh, not as `exec`: signals end the caller, not the remote command. */
  readonly exact: boolean;
  readonly quiet: boolean;
  /** Prints nothing, not even failures. */
  readonly silent: boolean;
  /** Monotonic time at which the caller's time limit ends; undefined for none. */
  readonly limitAt: number | undefined;
  readonly send: (message: Message) => void;
  readonly note: (text: string) => void;
  readonly starting: () => boolean;
  readonly stoppedByForce: () => boolean;
  readonly guard: (run: () => void) => void;
}

/** If the connection is lost this close to the time limit, the caller waits for the limit. */
const SOON_MS = 15_000;

export class RunningCall {
  readonly #facts: RunningCallFacts;
  readonly #startedAt: number;
  #running: Running | undefined;
  /** Sends keystrokes to a session with a terminal (ObscureKeystrokeTiming). */
  #keystrokes: Keystrokes | undefined;
  #lease: Lease | undefined;
  #remote: EndCommand | undefined;
  #timedOutMs: number | undefined;
  #abandoned = false;
  /** The outcome to report when the time limit ends, if the server has not answered the command. */
  #unanswered: Outcome | undefined;
  #isStarted = false;
  #ended = false;
  #terminal = false;
  #isTerminalRefused = false;
  #stdoutOpen = true;
  /** Bytes sent to the caller that it has not acknowledged yet. */
  #untaken = 0;

  constructor(facts: RunningCallFacts) {
    this.#facts = facts;
    this.#startedAt = facts.clock.monotonic();
  }

  /** @throws SshpoolError SESSION_REFUSED if the session has ended, CANCELLED if the caller has left */
  run(lease: Lease, what: WhatToRun, rest: Pick<Start, 'env' | 'agentForward'>): void {
    const { clock, send, starting, guard } = this.#facts;
    const { session } = lease;
    if (session.state !== 'spare') {
      const { name: host } = lease.connection.label;
      throw SshpoolError.of('SESSION_REFUSED', { host, reason: 'it was closed at once' });
    }
    if (!starting()) {
      // The caller gave this agent up as hung, and runs its command elsewhere.
      session.close();
      throw SshpoolError.of('CANCELLED', {});
    }
    this.#lease = lease;
    this.#running = session;
    this.#remote = new EndCommand(lease, clock);
    const { start, stdin, escape } = what;
    session.start(
      { ...start, ...rest },
      {
        onStarted: (terminal) =>
          guard(() => {
            this.#isStarted = true;
            this.#terminal = terminal;
            if (terminal) this.#keystrokes = this.#typing(lease);
            this.#opened(stdin, escape);
            if (!stdin) session.endStdin();
          }),
        onTerminalRefused: () => guard(() => this.#terminalRefused()),
        onStdout: (data) => guard(() => this.#output('stdout', data)),
        onStderr: (data) => guard(() => this.#output('stderr', data)),
        onStdinWindow: (bytes) => {
          if (stdin) guard(() => send({ type: 'window', bytes }));
        },
        onStdinClosed: () => guard(() => send({ type: 'stdinClosed' })),
        onEnd: (outcome) => guard(() => this.#end(outcome)),
      },
    );
  }

  forward(tunnel: Tunnel): void {
    const { guard, send } = this.#facts;
    const forwarded = new Forwarded(tunnel, {
      onStdout: (data) => guard(() => this.#output('stdout', data)),
      onStdinWindow: (bytes) => guard(() => send({ type: 'window', bytes })),
      onStdoutEnd: () => guard(() => send({ type: 'stdoutEnd' })),
      onEnd: (outcome) => guard(() => this.#end(outcome)),
    });
    this.#running = forwarded;
    this.#opened(true, Buffer.alloc(0));
    forwarded.start();
  }

  /** @throws SshpoolError PROTOCOL */
  receive(message: Message): void {
    // The message was in transit when the call ended.
    if (this.#ended) return;
    switch (message.type) {
      case 'stdin':
        (this.#keystrokes ?? this.#running)?.write(lend(message.data));
        return;
      case 'stdinEnd':
        (this.#keystrokes ?? this.#running)?.endStdin();
        return;
      case 'taken':
        this.#taken(message.bytes);
        return;
      case 'stdoutClosed':
        this.#stdoutOpen = false;
        this.#running?.closeStdout();
        return;
      case 'signal':
        this.#remote?.signal(message.name);
        if (this.#unanswered) this.#finish(this.#unanswered);
        return;
      case 'resized':
        this.#running?.resize(message);
        return;
      case 'disconnect':
        this.#disconnect();
        return;
      default:
        throw SshpoolError.of('PROTOCOL', { problem: `unexpected ${message.type}` });
    }
  }

  timeOut(timeoutMs: number): void {
    this.#timedOutMs = timeoutMs;
    this.#abandoned = true;
    if (this.#unanswered) this.#finish(this.#unanswered);
    else this.#remote?.end('TERM');
  }

  /** The caller has disconnected: the command gets SIGHUP, as when a terminal is closed. */
  abandon(): void {
    if (this.#ended) return;
    this.#abandoned = true;
    this.#stdoutOpen = false;
    this.#running?.consume(this.#untaken);
    this.#untaken = 0;
    // ssh closes its connection without sending a signal.
    if (this.#facts.exact) this.#running?.close();
    else this.#remote?.end('HUP');
  }

  #typing({ session, connection }: Lease): Keystrokes {
    const { clock, options } = this.#facts;
    const [asked] = options.all.get('obscurekeystroketiming') ?? [];
    const intervalMs = keystrokeIntervalMs(asked, connection.link.serverVersion);
    return new Keystrokes(session, { clock, intervalMs });
  }

  /** The session continues without a terminal; its last message is that of a terminal session. */
  #terminalRefused(): void {
    this.#isTerminalRefused = true;
    if (!this.#facts.silent) this.#facts.note(requestFailed('pty-req'));
  }

  #opened(stdin: boolean, escape: Buffer): void {
    const [terminal, signals] = [this.#terminal, !this.#facts.exact];
    this.#facts.send({ type: 'opened', stdin, terminal, escape, signals });
  }

  #output(type: 'stdout' | 'stderr', data: Borrowed): void {
    const wanted = type === 'stderr' || this.#stdoutOpen;
    if (!wanted || this.#abandoned) {
      this.#running?.consume(data.length);
      return;
    }
    this.#untaken += data.length;
    this.#facts.send({ type, data: view(data) });
  }

  #taken(bytes: number): void {
    if (bytes > this.#untaken) {
      throw SshpoolError.of('PROTOCOL', { problem: 'more was taken than was sent' });
    }
    this.#untaken -= bytes;
    this.#running?.consume(bytes);
  }

  /** The user typed the escape to disconnect: does not wait for the server. */
  #disconnect(): void {
    if (this.#ended) return;
    this.abandon();
    // The close has ended a call of ssh. A call of exec ends here; its command still gets SIGHUP.
    if (!this.#ended) this.#exited({ kind: 'vanished' });
    this.#ended = true;
  }

  #end(outcome: Outcome): void {
    this.#remote?.done();
    const { clock, limitAt = Infinity } = this.#facts;
    const isLimitNear = limitAt - clock.monotonic() < SOON_MS && this.#timedOutMs === undefined;
    const isUnanswered = outcome.kind === 'lost' && !this.#isStarted;
    // Scripts expect the status of a time limit here, although the server has already ended the call.
    if (isUnanswered && isLimitNear) this.#unanswered = outcome;
    else this.#finish(outcome);
  }

  #finish(outcome: Outcome): void {
    if (this.#ended) return;
    this.#ended = true;
    // Not a refusal if the time limit passed first.
    const isRefused = outcome.kind === 'refused' && this.#timedOutMs === undefined;
    if (isRefused) this.#refused(outcome.request);
    else this.#exited(outcome);
  }

  /** Ended by the SIGHUP that a forced stop sends, or by the connection that it then closes. */
  #isEndedByForce(outcome: Outcome): boolean {
    if (!this.#facts.stoppedByForce()) return false;
    return outcome.kind === 'lost' || (outcome.kind === 'signalled' && outcome.signal === 'HUP');
  }

  #exited(outcome: Outcome): void {
    const { clock, pool, exact, send } = this.#facts;
    const execMs = clock.monotonic() - this.#startedAt;
    // A stream is not a command and may last for days.
    if (this.#lease) pool.recordExec(execMs);
    const { reused = false, queueMs = 0, connectMs = 0 } = this.#lease ?? {};
    send({
      type: 'exited',
      ...exitOf(outcome, { timeoutMs: this.#timedOutMs, exact }),
      farewell: this.#farewell(outcome),
      // The agent ended it, not the server: ssh has no message for that.
      ...(this.#isEndedByForce(outcome) ? { message: endedByForce(), farewell: '' } : {}),
      reused,
      queueMs: Math.round(queueMs),
      connectMs: Math.round(connectMs),
      execMs: Math.round(execMs),
    });
  }

  #farewell(outcome: Outcome): string {
    const { exact, quiet, options } = this.#facts;
    const lost = outcome.kind === 'lost' && exact;
    const isOne = this.#terminal || this.#isTerminalRefused;
    const terminal = isOne && options.showsServerWords && !quiet;
    return farewell(options.hostname, { terminal, lost });
  }

  #refused(request: string): void {
    const host = this.#lease?.connection.label.name ?? '';
    const { code, message } = SshpoolError.of('REQUEST_REFUSED', { host, request });
    const { exact, silent, send } = this.#facts;
    const words = exact
      ? { message: '', farewell: silent ? '' : requestFailed(request) }
      : { message, farewell: '' };
    send({ type: 'failed', code, ...words, exitCode: EXIT_FAILURE });
  }
}

const endedByForce = (): string => SshpoolError.of('AGENT_STOPPED', {}).message;
