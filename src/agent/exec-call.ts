/** One call that opens a session or a stream, from its arguments to its end. Knows no socket. */
import { SshpoolError } from '../base/errors.ts';
import type { Timer } from '../base/time.ts';
import type { CallArgs, Control } from '../config/command-line/call-args.ts';
import type { CallCommand } from '../config/command-line/command-line.ts';
import { sharesNothing } from '../config/ssh-config/control-options.ts';
import { invocationOf } from '../config/ssh-config/invocation.ts';
import { plainSshWords } from '../config/command-line/plain-ssh.ts';
import { selectEnv } from '../config/ssh-config/send-env.ts';
import type { SshOptions } from '../config/ssh-config/options.ts';
import type { PoolRequest } from '../pool/request.ts';
import { reach, type ReachResult, type CallerContext } from '../reach/reach.ts';
import type { Note } from '../ssh/link/prompts.ts';
import { askPerson } from './ask-person.ts';
import { sshVersion } from '../ssh/link/ssh-version.ts';
import type { Message } from '../wire/protocol.ts';
import { RunningCall } from './running-call.ts';
import { refuseElsewhere } from './elsewhere.ts';
import { environmentFor, type ExecCaller } from './exec-caller.ts';
import { ANSWERED } from './exit.ts';
import { describeLease } from './lease-words.ts';
import { Notes } from './notes.ts';
import type { Services } from './services.ts';
import { sshInstead } from './ssh-instead.ts';
import { NO_LOCAL_TERMINAL, shownWarnings, sshFailure } from './ssh-words.ts';
import { waitsForRoom, watchRoom } from './watch-room.ts';
import { whatToRun } from './what-to-run.ts';

/** With -W ssh waits without limit; the server's own TCP connect gives up before this. */
const FORWARD_MS = 180_000;

export class ExecCall {
  readonly #services: Services;
  readonly #caller: ExecCaller;
  readonly #command: CallCommand;
  readonly #notes: Notes;
  readonly #gone = new AbortController();
  #running: RunningCall | undefined;
  /** Ends this call's use of its ControlPath master. */
  #over: () => void = () => undefined;
  #timer: Timer | undefined;
  #limitAt: number | undefined;
  #timedOutMs: number | undefined;
  /** The caller is in the same place (base/place.ts) as the agent. */
  #isHere = false;
  #isSilent = false;
  #options: SshOptions | undefined;

  constructor(services: Services, caller: ExecCaller, command: CallCommand) {
    this.#services = services;
    this.#caller = caller;
    this.#command = command;
    // Held while ssh itself may still make the call, and print the same lines.
    this.#notes = new Notes(caller.note, caller.can('delegate'), services.clock);
  }

  /** Runs until the command has started; `exited` reports its end. @throws SshpoolError if it was not run */
  async run(argv: readonly Buffer[]): Promise<void> {
    const args = this.#command.parse(argv);
    if (args.kind === 'help') return this.#delegate('help', argv);
    if (args.kind === 'delegate') return this.#delegate('ssh', argv);
    if (args.json && !this.#caller.can('json')) return this.#delegate('client', argv);
    const { json, target } = args;
    const quiet = args.quiet || this.#command.isSsh;
    this.#isSilent = args.quiet;
    this.#caller.send({ type: 'accepted', target: target.text, json, quiet });
    if (args.log !== undefined) this.#caller.send({ type: 'log', file: args.log });
    this.#limit(args.timeoutMs);
    try {
      await this.#start(args, argv);
    } catch (thrown) {
      this.#timer?.cancel();
      if (this.#timedOutMs !== undefined) {
        throw SshpoolError.of('TIMED_OUT', { timeoutMs: this.#timedOutMs }, thrown);
      }
      await this.#failed(SshpoolError.from(thrown), args, argv);
    } finally {
      this.#notes.release();
    }
  }

  /** @throws SshpoolError PROTOCOL */
  receive(message: Message): void {
    if (this.#running) this.#running.receive(message);
    else if (message.type === 'signal' || message.type === 'disconnect') this.#gone.abort();
    else throw SshpoolError.of('PROTOCOL', { problem: `unexpected ${message.type}` });
  }

  abandon(): void {
    this.#timer?.cancel();
    // Once the command runs nothing listens to #gone, and an abort takes as long as reading a key file.
    if (this.#running) this.#running.abandon();
    else this.#gone.abort();
    this.#over();
  }

  #delegate(to: string, argv: readonly Buffer[]): void {
    // The program that makes the call again will print the same notes.
    this.#notes.drop();
    this.#caller.send({ type: 'delegate', to, argv });
  }

  /** Only some callers can become another program. */
  get #runsSsh(): boolean {
    return this.#command.isSsh || this.#caller.can('ssh') || this.#caller.can('delegate');
  }

  #leaveToSsh(what: string, args: CallArgs, argv: readonly Buffer[]): void {
    if (this.#command.isSsh) return this.#delegate('ssh', argv);
    if (args.json) {
      const why = `${what}, and it prints no JSON`;
      throw SshpoolError.of('ONLY_SSH', { host: args.target.text, what: why });
    }
    // The Node client applies the time limit; ssh has none.
    const isForClient = args.timeoutMs !== undefined && !this.#caller.can('ssh');
    if (isForClient) this.#delegate('client', argv);
    else this.#delegate('ssh', plainSshWords(args));
  }

  #control(control: Control, { controlPath }: SshOptions, argv: readonly Buffer[]): void {
    const said = controlPath && this.#services.masters.control(controlPath, control);
    if (said === undefined || said === '') return this.#delegate('ssh', argv);
    const farewell = this.#isSilent && control !== 'check' ? '' : said;
    this.#caller.send({ ...ANSWERED, farewell });
  }

  async #failed(error: SshpoolError, args: CallArgs, argv: readonly Buffer[]): Promise<void> {
    if (this.#command.isSsh) return this.#failAsSsh(error, argv);
    // NOT_SHARED: a file that only the caller can read, or one that could block the agent.
    const isForSsh = error.code === 'ONLY_SSH' || (error.code === 'NOT_SHARED' && this.#isHere);
    if (!isForSsh || args.json || !this.#runsSsh) throw error;
    this.#leaveToSsh('', args, argv);
  }

  async #failAsSsh(error: SshpoolError, argv: readonly Buffer[]): Promise<void> {
    const { code, message, exitCode } = error;
    if (code === 'INTERNAL') throw error;
    const version = (): Promise<string> => sshVersion(this.#caller.env);
    const said = await sshFailure(error, { options: this.#options, version });
    if (said === undefined) return this.#delegate('ssh', argv);
    if (said.others !== '') this.#notes.say(said.others, 'words');
    this.#notes.release();
    const isMute = this.#isSilent || said.log === '';
    const words = isMute ? { message: '', farewell: '' } : { message, farewell: said.log };
    this.#caller.send({ type: 'failed', code, ...words, exitCode });
  }

  #limit(timeoutMs: number | undefined): void {
    if (timeoutMs === undefined) return;
    const { clock } = this.#services;
    this.#limitAt = clock.monotonic() + timeoutMs;
    const timeOut = (): void => {
      this.#timedOutMs = timeoutMs;
      this.#gone.abort();
      this.#running?.timeOut(timeoutMs);
    };
    this.#timer = clock.after(timeoutMs, () => this.#caller.guard(timeOut));
  }

  async #start(args: CallArgs, argv: readonly Buffer[]): Promise<void> {
    const reached = await this.#reach(args, argv);
    if (reached === undefined) return;
    const { options, request } = reached;
    const { pool, otherSettings } = this.#services;
    const { signal } = this.#gone;
    if (args.forward) {
      const to = { ...args.forward, timeoutMs: FORWARD_MS };
      const tunnel = await this.#withRoom(request, args, argv, () =>
        pool.tunnel(request, to, signal),
      );
      return this.#begin(args, reached).forward(tunnel);
    }
    const what = whatToRun(args, options, this.#caller.terminal);
    const isTold = options.showsServerWords && !args.quiet;
    if (isTold && what.tty === 'withheld') this.#notes.say(NO_LOCAL_TERMINAL);
    const env = selectEnv(options, await environmentFor(options.sendEnv, this.#caller));
    // Only if stderr is a terminal: ssh itself prints no such hint.
    const isRead = isTold && this.#caller.terminal.stderrIsTerminal;
    const hint = await otherSettings.hint(isRead ? this.#caller.env : {});
    const lease =
      args.fresh || sharesNothing(args.sshArgs)
        ? await pool.acquireFresh(request, signal)
        : await this.#withRoom(request, args, argv, () => pool.acquire(request, signal));
    if (signal.aborted) {
      lease.session.close();
      throw SshpoolError.of('CANCELLED', {});
    }
    const running = this.#begin(args, reached);
    hint(this.#notes.say);
    if (args.verbose > 0) this.#notes.say(describeLease(lease));
    running.run(lease, what, { env, agentForward: request.forwardAgent !== undefined });
  }

  /** Undefined where the call is not for the pool and has already been answered. */
  async #reach(args: CallArgs, argv: readonly Buffer[]): Promise<ReachResult | undefined> {
    refuseElsewhere(this.#services.place, this.#caller.place);
    this.#isHere = true;
    const caller = this.#callerContext(args);
    const asked = { ...args, invocation: invocationOf(args) };
    const reached = await reach(this.#services, asked, caller);
    const { options } = reached;
    this.#isSilent ||= options.isSilent;
    this.#options = options;
    const way = { env: caller.env, masters: this.#services.masters };
    const option = this.#runsSsh ? await sshInstead(this.#command, args, reached, way) : undefined;
    if (option !== undefined) this.#leaveToSsh(option, args, argv);
    else if (args.control) this.#control(args.control, options, argv);
    else {
      for (const line of shownWarnings(options, this.#isSilent)) {
        // Other lines are not part of ssh's log: with -E they still go to standard error.
        if (line.endsWith('\r')) this.#notes.say(line);
        else this.#notes.say(`${line}\n`, 'words');
      }
      return reached;
    }
    return undefined;
  }

  async #withRoom<T>(
    request: PoolRequest,
    { quiet }: CallArgs,
    argv: readonly Buffer[],
    wait: () => Promise<T>,
  ): Promise<T> {
    const { clock, pool, settings } = this.#services;
    const isCrowded = (): boolean => pool.isCrowded(request.key);
    const over = watchRoom({ clock, isCrowded }, () => {
      if (this.#command.isSsh) {
        // Plain ssh would open its own connection and need not wait.
        this.#delegate('ssh', argv);
        this.#gone.abort();
      } else if (this.#caller.terminal.stderrIsTerminal && !quiet) {
        this.#caller.note(waitsForRoom(request.label.name, settings.maxConnections));
      }
    });
    try {
      return await wait();
    } finally {
      over();
    }
  }

  #callerContext({ quiet, verbose }: CallArgs): CallerContext {
    const { cwd, env } = this.#caller;
    const environment = (patterns: readonly string[]) => this.#caller.environment(patterns);
    const ask = askPerson(this.#caller, this.#notes);
    const isMute = quiet && verbose === 0;
    const note: Note = (text, of) => {
      if (!isMute || of === 'words') this.#notes.say(text, of);
    };
    return { cwd, env, environment, ask, note };
  }

  /** The session or stream is open: from here on this caller stays with the call. */
  #begin(args: CallArgs, { options, request }: ReachResult): RunningCall {
    this.#notes.release();
    const { clock, pool, masters } = this.#services;
    this.#over = masters.begin(options, request.key);
    const send = (message: Message): void => {
      if (message.type === 'exited' || message.type === 'failed') {
        this.#timer?.cancel();
        this.#over();
      }
      this.#caller.send(message);
    };
    const [exact, silent] = [this.#command.isExact, this.#isSilent];
    const { quiet } = args;
    const { guard, starting, note } = this.#caller;
    const { stoppedByForce } = this.#services;
    const facts = { exact, quiet, silent, limitAt: this.#limitAt, guard, stoppedByForce };
    const running = new RunningCall({ clock, pool, options, send, note, starting, ...facts });
    this.#running = running;
    return running;
  }
}
