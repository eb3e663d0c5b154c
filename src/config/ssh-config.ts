/**
 * Effective options by asking the real `ssh -G`, which knows Include, Match, Host and all
 * defaults; and a cache of its answers, valid while no file that they came from has changed.
 */
import { execFile, type ExecFileException } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, statSync } from 'node:fs';
import { hostname, userInfo } from 'node:os';
import { SshpoolError } from '../base/errors.ts';
import { TtlCache } from '../base/ttl-cache.ts';
import { sshFor } from '../base/programs.ts';
import type { Clock } from '../base/time.ts';
import { configSources, ENV_NAMES, type ConfigSources } from './config-sources.ts';
import { Mounts } from './mounts.ts';
import { readSshOptions, type SshOptions } from './ssh-options.ts';
import { targetArgs, type Target } from './target.ts';
import type { Account, Env } from './tokens.ts';

export interface SshConfigQuery {
  readonly target: Target;
  /** Connection options as given, each value in a word of its own. */
  readonly sshArgs: readonly string[];
  readonly cwd: string;
  readonly env: Env;
  /** What is to run there; without it, a shell. */
  readonly invocation?: Invocation;
}

/** What is to run, as words of ssh: options before HOST, and the command. */
export interface Invocation {
  readonly flags: readonly string[];
  readonly command: string;
}

const SHELL: Invocation = { flags: [], command: '' };

/** What a program wrote to its two outputs. */
export interface Printed {
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `ssh` with these arguments, to its end. */
export type RunSsh = (args: readonly string[], question: SshConfigQuery) => Promise<Printed>;

type Uses = Pick<ConfigSources, 'usesEnv' | 'usesCommand'>;
const USES: readonly Uses[] = [false, true].flatMap((usesCommand) =>
  [false, true].map((usesEnv) => ({ usesEnv, usesCommand })),
);

const LIMIT_MS = 10_000;
const MAX_ANSWERS = 1000;

interface Answer {
  readonly options: Promise<SshOptions>;
  /** What the files looked like just before. */
  readonly stamp: string;
  readonly paths: readonly string[];
}

export interface SshConfigSetting {
  readonly clock: Clock;
  readonly run?: RunSsh;
  readonly mounts?: Mounts;
}

/** A file that may not be opened yet. */
class Unanswered extends Error {
  readonly path: string;

  constructor(path: string) {
    super(path);
    this.path = path;
  }
}

export class SshConfig {
  readonly #run: RunSsh;
  readonly #account: Account;
  readonly #mounts: Mounts;
  readonly #answers = new Map<string, Answer>();
  readonly #variables: TtlCache<Pick<ConfigSources, 'paths' | 'variables'> & { stamp: string }>;

  constructor({ clock, run = runSsh, mounts = new Mounts({ clock }) }: SshConfigSetting) {
    this.#mounts = mounts;
    this.#variables = new TtlCache(clock, { lifeMs: Infinity, max: MAX_ANSWERS });
    this.#run = run;
    this.#account = ourAccount();
  }

  /**
   * The variables that the answer may depend on beside those that every caller sends: names, or `*`
   * for all. @throws SshpoolError SSH_CONFIG
   */
  async variables({
    sshArgs,
    cwd,
    env,
  }: Omit<SshConfigQuery, 'target'>): Promise<readonly string[]> {
    const key = JSON.stringify([sshArgs, cwd]);
    const known = this.#variables.get(key);
    if (known) await this.#mounts.answer(known.paths);
    if (known && stampOf(known.paths) === known.stamp) return known.variables;
    const { paths, variables } = await this.#sources({ sshArgs, cwd, env });
    this.#variables.set(key, { paths, variables, stamp: stampOf(paths) });
    return variables;
  }

  /** @throws SshpoolError SSH_CONFIG with ssh's own words, USAGE for a line break in sshArgs */
  async resolve(question: SshConfigQuery): Promise<SshOptions> {
    const { target, sshArgs, cwd, env, invocation } = question;
    refuseLineBreaks(sshArgs);
    // A jump host's text is its name alone.
    const asked = [target.text, targetArgs(target), sshArgs, cwd];
    const named = ENV_NAMES.map((name) => env[name] ?? null);
    // The first where little matters, so that callers who differ in TERM, the command and the like
    // share it; the others where the configuration may look at any variable, or at what is to run.
    const keyFor = ({ usesEnv, usesCommand }: Uses): string =>
      JSON.stringify([...asked, usesEnv ? env : named, usesCommand ? digestOf(invocation) : 0]);
    for (const uses of USES) {
      const known = this.#answers.get(keyFor(uses));
      // One after the other, and hardly ever more than one.
      if (known) await this.#mounts.answer(known.paths);
      if (known && isCurrent(known)) return known.options;
    }
    const sources = await this.#sources(question);
    // Another call for the same may have asked meanwhile.
    const other = USES.map((uses) => this.#answers.get(keyFor(uses))).find(isCurrent);
    if (other) return other.options;
    const { paths, isVolatile } = sources;
    const stamp = stampOf(paths);
    const options = this.#ask(question, sources);
    // Nothing shows whether a program of `Match exec` would decide on another user or key by now.
    if (isVolatile) return options;
    const answer: Answer = { stamp, paths, options };
    const key = keyFor(sources);
    this.#remember(key, answer);
    // A failure is not remembered: the next call asks again.
    options.catch(() => {
      if (this.#answers.get(key) === answer) this.#answers.delete(key);
    });
    return options;
  }

  /** Each file is opened when its file system has answered. @throws SshpoolError NOT_SHARED */
  async #sources({ sshArgs, cwd, env }: Omit<SshConfigQuery, 'target'>): Promise<ConfigSources> {
    const account = this.#account;
    const answered = new Set(['']);
    const mayOpen = (path: string): void => {
      if (!answered.has(this.#mounts.doubtfulPoint(path))) throw new Unanswered(path);
    };
    for (;;) {
      try {
        return configSources(sshArgs, cwd, { env, account, mayOpen });
      } catch (thrown) {
        if (!(thrown instanceof Unanswered)) throw thrown;
        // One after the other: what is in a file says which comes next.
        await this.#mounts.answer([thrown.path]);
        answered.add(this.#mounts.doubtfulPoint(thrown.path));
      }
    }
  }

  async #ask(
    question: SshConfigQuery,
    { configFile, remedies, usesCommand }: ConfigSources,
  ): Promise<SshOptions> {
    const { target, sshArgs, cwd, env } = question;
    const { flags, command } = (usesCommand && question.invocation) || SHELL;
    const words = [
      ...sshArgs,
      ...flags,
      ...targetArgs(target),
      ...(command === '' ? [] : [command]),
    ];
    const { stdout, stderr } = await this.#run(['-G', ...words], question).catch(
      async (thrown: unknown) => {
        if (remedies.length === 0) throw thrown;
        const again = await this.#run(['-G', ...remedies, ...words], question);
        return { ...again, stdout: restore(again.stdout) };
      },
    );
    const asked = { target, configFile, cwd, env, usesCommand };
    return {
      ...readSshOptions(stdout, { ...asked, account: this.#account }),
      warnings: warningsIn(stderr),
    };
  }

  #remember(key: string, answer: Answer): void {
    this.#answers.delete(key);
    this.#answers.set(key, answer);
    if (this.#answers.size <= MAX_ANSWERS) return;
    // A Map keeps the order of insertion: the first is the oldest.
    const [oldest] = this.#answers.keys();
    if (oldest !== undefined) this.#answers.delete(oldest);
  }
}

/**
 * As ssh: the home directory of the user database, whatever HOME says.
 * @throws SshpoolError NO_USER where that does not have us, as in a container with any user id
 */
function ourAccount(): Account {
  try {
    const { homedir: home, username: user, uid } = userInfo();
    return { home, user, uid, localHost: hostname() };
  } catch (thrown) {
    throw SshpoolError.of('NO_USER', { uid: process.getuid?.() ?? 0 }, thrown);
  }
}

/** What ssh says of the configuration at each call; lines that end as it ends them. */
function warningsIn(said: string): string[] {
  return said.split('\n').filter((line) => line !== '' && !OF_ONE_SESSION.test(line));
}

/** `ssh -G` says it of itself, as it has no terminal. */
const OF_ONE_SESSION = /^(?:Pseudo-terminal will not be allocated|debug\d: )/;

/** What the remedy took away (config-sources.ts) is in force, or it would not have been needed. */
function restore(printed: string): string {
  return printed.replace(/^forkafterauthentication .*$/im, 'forkafterauthentication yes');
}

/** ssh prints values as they are: what follows a line break would be read as another option. */
function refuseLineBreaks(sshArgs: readonly string[]): void {
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  const bad = sshArgs.find((word) => /[\r\n\u0000]/.test(word));
  if (bad === undefined) return;
  const problem = `an option for ssh holds a line break or a NUL: ${JSON.stringify(bad)}`;
  throw SshpoolError.of('USAGE', { problem });
}

/** Not itself: it may be long, and secret. */
function digestOf(invocation: Invocation = SHELL): string {
  return createHash('sha256').update(JSON.stringify(invocation)).digest('base64');
}

function isCurrent(answer: Answer | undefined): answer is Answer {
  return answer !== undefined && stampOf(answer.paths) === answer.stamp;
}

/** Changes whenever one of the files or directories does, or comes, or goes. */
function stampOf(paths: readonly string[]): string {
  return paths
    .map((path) => {
      try {
        const { ino, size, mtimeNs, ctimeNs } = statSync(path, { bigint: true });
        return `${ino} ${size} ${mtimeNs} ${ctimeNs}`;
      } catch {
        return 'absent'; // or out of reach, which is the same to ssh
      }
    })
    .join('\n');
}

/** By node:child_process: execa would have to be loaded first, in the middle of a first call. */
function runSsh(args: readonly string[], { cwd, env }: SshConfigQuery): Promise<Printed> {
  return new Promise((resolve, reject) => {
    const options = { cwd, env, timeout: LIMIT_MS, maxBuffer: 1024 * 1024 };
    const program = sshFor(env, cwd);
    if (program === undefined) {
      return reject(SshpoolError.of('SSH_CONFIG', { problem: missingThing(cwd) }));
    }
    const ssh = execFile(program, args, options, (error, stdout, stderr) => {
      if (error === null) resolve({ stdout, stderr });
      else {
        // Without Node's error, which has all the arguments: SetEnv, among others, may hold a secret.
        reject(SshpoolError.of('SSH_CONFIG', { problem: problemOf(error, stderr, cwd) }));
      }
    });
    // Nobody answers what a program of `Match exec` may ask.
    ssh.stdin?.end();
  });
}

function problemOf(error: ExecFileException, stderr: string, cwd: string): string {
  const said = stderr
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('debug'))
    // ssh closes with a summary line; what went wrong is said before it.
    .filter((line, index, all) => !/terminating, \d+ bad/.test(line) || all.length === 1);
  if (error.code === 'ENOENT') return missingThing(cwd);
  if (error.killed === true) return `ssh -G did not answer within ${LIMIT_MS / 1000} s`;
  const status = typeof error.code === 'number' ? `exit status ${error.code}` : error.code;
  return said.at(-1) ?? `ssh -G failed without a word (${error.signal ?? status})`;
}

/** A program cannot start in a directory that was removed; Node calls that ENOENT of the program. */
function missingThing(cwd: string): string {
  if (existsSync(cwd))
    return 'the ssh program was not found in PATH; install OpenSSH, or put it into PATH';
  return `the working directory ${cwd} does not exist any more`;
}
