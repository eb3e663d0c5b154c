/**
 * One `sshpool exec`: from its arguments to the remote command's end. Speaks to its caller in
 * messages; knows no socket.
 */
import { SshpoolError } from '../base/errors.ts';
import type { Timer } from '../base/time.ts';
import { parseExecArgs, type ExecArgs } from '../config/exec-args.ts';
import { selectEnv } from '../config/send-env.ts';
import type { SshOptions } from '../config/ssh-options.ts';
import type { Lease } from '../pool/wanted.ts';
import type { Ask } from '../ssh/prompts.ts';
import type { Outcome } from '../ssh/session.ts';
import { CALLER_ENV, matchesEnv } from '../wire/caller-env.ts';
import type { Message } from '../wire/protocol.ts';
import { exitOf } from './exit.ts';
import { reach, refuseTerminal, type Surroundings } from './reach.ts';
import { RemoteEnd } from './remote-end.ts';
import type { Services } from './services.ts';

/** How the call reaches its caller. */
export interface ExecCaller extends Surroundings {
  can(capability: string): boolean;
  send(message: Message): void;
}

export class ExecCall {
  readonly #services: Services;
  readonly #caller: ExecCaller;
  readonly #gone = new AbortController();
  #lease: Lease | undefined;
  #remote: RemoteEnd | undefined;
  #timer: Timer | undefined;
  #timedOutMs: number | undefined;
  #startedAt = 0;
  #ended = false;
  #stdoutOpen = true;
  /** What is to be said once it is clear that this caller sees the call through. */
  #heldNotes: string[] | undefined;
  /** Bytes sent to the caller that it has not taken yet. */
  #untaken = 0;

  constructor(services: Services, caller: ExecCaller) {
    this.#services = services;
    this.#caller = caller;
  }

  /**
   * Runs to the start of the remote command; its end is told by `exited`.
   * @throws SshpoolError where nothing was run
   */
  async run(argv: readonly Buffer[]): Promise<void> {
    const args = parseExecArgs(argv);
    if (args.kind === 'help') return this.#delegate('help', argv);
    if (args.json && !this.#caller.can('json')) return this.#delegate('client', argv);
    if (args.tty === 'request' || args.tty === 'force') refuseTerminal();
    const { json, quiet, target } = args;
    this.#caller.send({ type: 'accepted', target: target.text, json, quiet });
    this.#limit(args.timeoutMs);
    try {
      await this.#start(args, argv);
    } catch (thrown) {
      this.#releaseNotes();
      this.#timer?.cancel();
      if (this.#timedOutMs === undefined) throw thrown;
      throw SshpoolError.of('TIMED_OUT', { timeoutMs: this.#timedOutMs }, thrown);
    }
  }

  /** A message of the caller while the call is under way. @throws SshpoolError PROTOCOL */
  receive(message: Message): void {
    const session = this.#lease?.session;
    switch (message.type) {
      case 'stdin':
        session?.write(message.data);
        return;
      case 'stdinEnd':
        session?.endStdin();
        return;
      case 'taken':
        this.#taken(message.bytes);
        return;
      case 'stdoutClosed':
        this.#stdoutOpen = false;
        session?.closeStdout();
        return;
      case 'signal':
        if (this.#remote) this.#remote.signal(message.name);
        else this.#gone.abort();
        return;
      default:
        throw SshpoolError.of('PROTOCOL', { problem: `unexpected ${message.type}` });
    }
  }

  /** The caller has gone: its command is hung up on, as by a terminal that is closed. */
  abandon(): void {
    if (this.#ended) return;
    this.#gone.abort();
    this.#stdoutOpen = false;
    this.#lease?.session.consume(this.#untaken);
    this.#untaken = 0;
    this.#remote?.end('HUP');
  }

  #delegate(to: string, argv: readonly Buffer[]): void {
    // Whoever makes the call anew comes upon the same.
    this.#heldNotes = undefined;
    this.#caller.send({ type: 'delegate', to, argv });
  }

  #limit(timeoutMs: number | undefined): void {
    if (timeoutMs === undefined) return;
    this.#timer = this.#services.clock.after(timeoutMs, () => {
      this.#timedOutMs = timeoutMs;
      this.#gone.abort();
      this.#remote?.end('TERM');
    });
  }

  async #start(args: ExecArgs, argv: readonly Buffer[]): Promise<void> {
    const { pool } = this.#services;
    const caller = this.#surroundings(args, argv);
    const { options, request } = await reach(this.#services, args.target, args.sshArgs, caller);
    if (options.remoteCommand !== undefined) {
      const problem = 'Cannot execute command-line and remote command.';
      throw SshpoolError.of('SSH_CONFIG', { problem });
    }
    const env = selectEnv(options, await this.#sessionEnv(options));
    const lease = args.fresh
      ? await pool.acquireFresh(request, this.#gone.signal)
      : await pool.acquire(request, this.#gone.signal);
    if (this.#gone.signal.aborted) {
      lease.session.close();
      throw SshpoolError.of('CANCELLED', {});
    }
    this.#begin(lease, args, env, request.forwardAgent !== undefined);
  }

  /** What is said to the person: nothing with -q, with -v also how the call goes. */
  #surroundings({ quiet, verbose }: ExecArgs, argv: readonly Buffer[]): Surroundings {
    const { cwd, env } = this.#caller;
    const environment = (patterns: readonly string[]) => this.#caller.environment(patterns);
    if (!this.#caller.can('ask') && this.#caller.can('delegate')) this.#heldNotes = [];
    const note = (text: string): void => {
      if (this.#heldNotes) this.#heldNotes.push(text);
      else this.#caller.note(text);
    };
    const ask: Ask = (question) => {
      if (this.#caller.can('ask')) return this.#caller.ask(question);
      if (this.#caller.can('delegate')) {
        // One that can put the question makes the call anew; nothing was run yet.
        this.#delegate('client', argv);
        this.#gone.abort();
      }
      return Promise.resolve(undefined);
    };
    return { cwd, env, environment, ask, note: quiet && verbose === 0 ? () => undefined : note };
  }

  #releaseNotes(): void {
    const held = this.#heldNotes;
    this.#heldNotes = undefined;
    for (const text of held ?? []) this.#caller.note(text);
  }

  async #sessionEnv(options: SshOptions): Promise<Readonly<Record<string, string>>> {
    const more = options.sendEnv.filter((pattern) => !matchesEnv(pattern, CALLER_ENV));
    if (more.length === 0) return this.#caller.env;
    return { ...(await this.#caller.environment(more)), ...this.#caller.env };
  }

  #begin(
    lease: Lease,
    args: ExecArgs,
    env: readonly (readonly [string, string])[],
    agentForward: boolean,
  ): void {
    const { clock } = this.#services;
    this.#releaseNotes();
    this.#lease = lease;
    this.#remote = new RemoteEnd(lease, clock);
    this.#startedAt = clock.monotonic();
    if (args.verbose > 0) this.#describe(lease);
    const command = args.command.length === 0 ? undefined : args.command;
    const { session } = lease;
    if (session.state !== 'spare') {
      const { name: host } = lease.connection.label;
      throw SshpoolError.of('SESSION_REFUSED', { host, reason: 'it was closed at once' });
    }
    session.start(
      { command, env, agentForward },
      {
        onStarted: () => {
          this.#caller.send({
            type: 'opened',
            stdin: args.stdin,
            terminal: false,
            escape: Buffer.alloc(0),
            signals: true,
          });
          if (!args.stdin) session.endStdin();
        },
        onStdout: (data) => this.#output('stdout', data),
        onStderr: (data) => this.#output('stderr', data),
        onStdinWindow: (bytes) => {
          if (args.stdin) this.#caller.send({ type: 'window', bytes });
        },
        onStdinClosed: () => this.#caller.send({ type: 'stdinClosed' }),
        onEnd: (outcome) => this.#end(outcome),
      },
    );
  }

  #describe({ connection, reused, queueMs, connectMs }: Lease): void {
    const { user, hostname, port } = connection.label;
    const how = reused ? `reusing connection ${connection.id}` : `connected in ${ms(connectMs)}`;
    const waited = queueMs < 1 ? '' : `, waited ${ms(queueMs)}`;
    const { kind, serverVersion } = connection.link;
    this.#caller.note(
      `sshpool: ${user}@${hostname}:${port} (${kind}, ${serverVersion}): ${how}${waited}`,
    );
  }

  #output(type: 'stdout' | 'stderr', data: Buffer): void {
    const wanted = type === 'stderr' || this.#stdoutOpen;
    if (!wanted || this.#gone.signal.aborted) {
      this.#lease?.session.consume(data.length);
      return;
    }
    this.#untaken += data.length;
    this.#caller.send({ type, data });
  }

  #taken(bytes: number): void {
    if (bytes > this.#untaken) {
      throw SshpoolError.of('PROTOCOL', { problem: 'more was taken than was sent' });
    }
    this.#untaken -= bytes;
    this.#lease?.session.consume(bytes);
  }

  #end(outcome: Outcome): void {
    const { clock, pool } = this.#services;
    this.#ended = true;
    this.#timer?.cancel();
    this.#remote?.done();
    const execMs = clock.monotonic() - this.#startedAt;
    pool.recordExec(execMs);
    if (outcome.kind === 'refused') return this.#refused(outcome.request);
    const { reused = false, queueMs = 0, connectMs = 0 } = this.#lease ?? {};
    this.#caller.send({
      type: 'exited',
      ...exitOf(outcome, this.#timedOutMs),
      farewell: '',
      reused,
      queueMs: Math.round(queueMs),
      connectMs: Math.round(connectMs),
      execMs: Math.round(execMs),
    });
  }

  #refused(request: string): void {
    const host = this.#lease?.connection.label.name ?? '';
    const { code, message, exitCode } = SshpoolError.of('REQUEST_REFUSED', { host, request });
    this.#caller.send({ type: 'failed', code, message, farewell: '', exitCode });
  }
}

function ms(value: number): string {
  return `${Math.round(value)} ms`;
}
