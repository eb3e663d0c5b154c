/** The stage of one fault: a sandbox with servers, calls that are checked, and a check of what they leave. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { runCli, spawnCli, type Result, type RunOptions } from '../support/cli.ts';
import { openFiles, until } from '../support/process.ts';
import { createSandbox, type Sandbox } from '../support/sandbox.ts';
import { startSshd, type Sshd, type SshdOptions } from '../support/sshd.ts';
import { stats } from '../support/stats.ts';
import type { Left, Must } from './row.ts';

/** The time limit of a call unless its row sets one. */
const WITHIN_MS = 20_000;
/** A call that exceeds its limit by this time counts as unanswered. */
const UNANSWERED_MS = 20_000;
const WORKS: Must = { code: 0, ran: 1 };
const SETTLE_MS = 15_000;
const RSS_BYTES = 200e6;

export interface Call {
  readonly config: string;
  readonly host?: string;
  /** `$RAN` in it is a command that records the run. */
  readonly command?: string;
  /** Options of `sshpool exec`. */
  readonly options?: readonly string[];
  readonly env?: RunOptions['env'];
  readonly stdin?: RunOptions['stdin'];
}

export class Stage {
  readonly sandbox: Sandbox = createSandbox();
  /** Whether this is the full run. */
  readonly full: boolean;
  /** Failed checks. */
  readonly problems: string[] = [];
  /** Results of the calls, one text for each kind of outcome. */
  readonly seen = new Set<string>();
  /** Time of the longest call. */
  tookMs = 0;
  /** What was left at the end. */
  left = '';
  readonly #servers: Sshd[] = [];
  /** Calls that the agent cannot serve must fail, and not go through ssh itself. */
  #env: Readonly<Record<string, string>> = { SSH_POOL_FALLBACK: 'off', SSH_POOL_LOG: 'debug' };
  #calls = 0;

  constructor(full: boolean) {
    this.full = full;
  }

  /** Additional environment of every call. */
  set env(env: Readonly<Record<string, string>>) {
    this.#env = { ...this.#env, ...env };
  }

  async sshd(options: SshdOptions = {}): Promise<Sshd> {
    const sshd = await startSshd(this.sandbox, options);
    this.#servers.push(sshd);
    return sshd;
  }

  /** Runs `sshpool exec` and checks the result. */
  exec(call: Call, must: Must): Promise<Result> {
    const { config, host = 'box', command = '$RAN', options = [] } = call;
    const ran = this.sandbox.path(`ran-${(this.#calls += 1)}`);
    const words = command.replaceAll('$RAN', `echo ran >>${ran}`);
    const args = ['exec', ...options, '-F', config, host, words];
    return this.check(this.cli(args, call, must.withinMs), must, ran);
  }

  /** Runs a command that prints `begun`; then `fail` makes the fault, and the time starts. */
  async execAndFail(call: Call, fail: () => unknown, must: Must): Promise<Result> {
    const { config, host = 'box', command = 'cat', options = [], env } = call;
    const ran = this.sandbox.path(`ran-${(this.#calls += 1)}`);
    const words = `echo ran >>${ran}; echo begun; ${command}`;
    const args = ['exec', ...options, '-F', config, host, words];
    const child = spawnCli(this.sandbox, args, { env: { ...this.#env, ...env } });
    const [out, err]: [Buffer[], Buffer[]] = [[], []];
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
    const closed = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
    await until(() => out.length > 0, 'the command begins', 30_000);
    await fail();
    const startedAt = performance.now();
    const timer = setTimeout(
      () => child.kill('SIGKILL'),
      (must.withinMs ?? WITHIN_MS) + UNANSWERED_MS,
    );
    const ended = closed.then(([code, signal]) => {
      clearTimeout(timer);
      const [stdout, stderr] = [Buffer.concat(out), Buffer.concat(err).toString()];
      return { code, signal, stdout, stderr, ms: performance.now() - startedAt };
    });
    return this.check(ended, must, ran);
  }

  /** A call that must succeed. */
  works(config: string, host = 'box'): Promise<Result> {
    return this.exec({ config, host }, WORKS);
  }

  /** Any call of sshpool. */
  cli(
    args: readonly string[],
    { env, stdin }: Partial<Call> = {},
    withinMs = WITHIN_MS,
  ): Promise<Result> {
    return runCli(this.sandbox, args, {
      env: { ...this.#env, ...env },
      timeoutMs: withinMs + UNANSWERED_MS,
      ...(stdin !== undefined && { stdin }),
    });
  }

  /** Checks the result of a call; `ran` is the file in which its command records its runs. */
  async check(call: Promise<Result>, must: Must, ran?: string): Promise<Result> {
    const done = await call;
    const stdout = done.stdout.toString('latin1');
    const times = ran === undefined ? undefined : countLines(ran);
    const { code, stdout: out = '', stderr: err = '', withinMs = WITHIN_MS } = must;
    const isRight =
      isOneOf(code, done.code) &&
      fits(out, stdout) &&
      fits(err, done.stderr) &&
      (must.ran === undefined || isOneOf(must.ran, times ?? 0));
    const facts = [
      `${done.code ?? done.signal}`,
      ...(stdout === '' ? [] : [`${stdout.length} bytes`]),
      ...(done.stderr === '' ? [] : [short(done.stderr, this.sandbox.root)]),
      ...(must.ran === undefined ? [] : [`ran ${times}`]),
    ].join(', ');
    if (must !== WORKS || !isRight) this.saw(facts);
    if (!isRight) this.problems.push(`saw ${facts}: ${done.stderr.slice(0, 500)}`);
    this.took(done.ms, withinMs);
    return done;
  }

  saw(what: string): void {
    this.seen.add(what);
  }

  took(ms: number, withinMs: number): void {
    this.tookMs = Math.max(this.tookMs, ms);
    if (ms > withinMs) this.problems.push(`took ${Math.round(ms)} ms, at most ${withinMs}`);
  }

  must(isRight: boolean, problem: string): void {
    if (!isRight) this.problems.push(problem);
  }

  /** The agent's log, with each transition of a connection. */
  get log(): string {
    try {
      return readFileSync(this.sandbox.path('run', 'agent.log'), 'utf8');
    } catch {
      return 'the agent has no log';
    }
  }

  /**
   * Waits until no connect is under way: where a busy machine answers late, the pool begins a second one,
   * and that would meet the fault of the row in the middle of its login.
   */
  connectsEnd(): Promise<unknown> {
    const count = (move: RegExp): number => this.log.match(move)?.length ?? 0;
    const isOver = (): boolean => {
      const begun = count(/: none -> connecting /g);
      return begun > 0 && begun === count(/: connecting -> (open|closed) /g);
    };
    return until(isOver, 'no connect is under way');
  }

  /** Waits until no call runs or waits in the pool, and records what is left. */
  async settle({ rssBytes = RSS_BYTES, connections }: Left = {}): Promise<void> {
    const idle = async (): Promise<boolean> => {
      const now = await stats(this.sandbox);
      if (now === null) return true;
      return now.totals.activeSessions === 0 && now.totals.queued === 0 && now.rssBytes < rssBytes;
    };
    await until(idle, 'the pool is idle', SETTLE_MS).catch(() => undefined);
    const now = await stats(this.sandbox);
    if (now === null) {
      this.left = 'no agent';
      return;
    }
    const { activeSessions, queued, totalConnections } = now.totals;
    this.left = [
      counted(totalConnections, 'connection'),
      counted(activeSessions, 'session'),
      counted(await descriptorsOf(now.pid), 'descriptor'),
      `${Math.round(now.rssBytes / 1e6)} MB`,
    ].join(', ');
    this.must(activeSessions === 0 && queued === 0, `slots are taken: ${this.left}`);
    this.must(now.rssBytes < rssBytes, `memory is not given back: ${this.left}`);
    const most = connections ?? totalConnections;
    this.must(totalConnections <= most, `connections are left: ${this.left}`);
  }

  /** Ends everything; whatever outlives the agent is a problem. */
  async end(): Promise<void> {
    const open = (): number =>
      this.#servers.reduce((sum, server) => sum + connectionsOf(server), 0);
    try {
      await this.cli(['agent', 'stop', '--force']);
      await until(() => open() === 0, 'connections end with the agent', SETTLE_MS);
    } catch (error) {
      this.#failed(error);
    }
    try {
      await this.sandbox[Symbol.asyncDispose]();
    } catch (error) {
      this.#failed(error);
    }
  }

  #failed(error: unknown): void {
    this.problems.push(error instanceof Error ? error.message : String(error));
  }
}

/** Repeated until no descriptor closes during the count. */
async function descriptorsOf(pid: number): Promise<number> {
  return until(() => openFiles(pid).length, 'the descriptors are counted').catch(() => 0);
}

/** 0 for a server that a row has stopped. */
function connectionsOf(server: Sshd): number {
  try {
    return server.connections();
  } catch {
    return 0;
  }
}

function countLines(file: string): number {
  try {
    return readFileSync(file, 'utf8').split('\n').length - 1;
  } catch {
    return 0; // no command has run
  }
}

function isOneOf<T>(expected: T | readonly T[], found: T | null): boolean {
  return Array.isArray(expected) ? expected.includes(found) : expected === found;
}

const fits = (expected: string | RegExp, found: string): boolean =>
  typeof expected === 'string' ? expected === found : expected.test(found);

const counted = (count: number, noun: string): string =>
  `${count} ${noun}${count === 1 ? '' : 's'}`;

const LONGEST = 120;

/** The first line, shortened for the table, without the parts that differ at each run. */
function short(text: string, root: string): string {
  const [line = ''] = text.trim().replace('sshpool: ', '').split('\n');
  const same = line.replaceAll(root, '').replaceAll(/port \d+|:\d{4,5}\b/g, 'port N');
  return `"${same.length > LONGEST ? `${same.slice(0, LONGEST)}...` : same}"`;
}
