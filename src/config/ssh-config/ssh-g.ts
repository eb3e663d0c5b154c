/** Gets the effective options from the real `ssh -G`; caches them until a file behind them changes. */
import { execFile, type ExecFileException } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, statSync } from 'node:fs';
import { hostname, userInfo } from 'node:os';
import { SshpoolError } from '../../base/errors.ts';
import { usageError } from '../../base/usage-errors.ts';
import { TtlCache } from '../../base/ttl-cache.ts';
import { envForSsh, sshFor } from '../../base/programs.ts';
import type { Clock } from '../../base/time.ts';
import { configSources, ENV_NAMES, type ConfigSources } from './sources.ts';
import { Mounts } from './mounts.ts';
import { readSshOptions, type SshOptions } from './options.ts';
import { targetArgs, type Target } from '../command-line/target.ts';
import type { Account, Env } from './tokens.ts';

export interface SshConfigQuery {
  readonly target: Target;
  readonly sshArgs: readonly string[];
  readonly cwd: string;
  readonly env: Env;
  readonly invocation?: Invocation;
}

/** Arguments of ssh: options before HOST, and the command. */
export interface Invocation {
  readonly flags: readonly string[];
  readonly command: string;
}

const SHELL: Invocation = { flags: [], command: '' };

export interface Printed {
  readonly stdout: string;
  readonly stderr: string;
}

export type RunSsh = (args: readonly string[], question: SshConfigQuery) => Promise<Printed>;

type Uses = Pick<ConfigSources, 'usesEnv' | 'usesCommand'>;
const USES: readonly Uses[] = [false, true].flatMap((usesCommand) =>
  [false, true].map((usesEnv) => ({ usesEnv, usesCommand })),
);

const LIMIT_MS = 10_000;
const MAX_ANSWERS = 1000;

interface Answer {
  readonly options: Promise<SshOptions>;
  /** The metadata of the files just before the question. */
  readonly stamp: string;
  readonly paths: readonly string[];
}

export interface SshConfigSetting {
  readonly clock: Clock;
  readonly run?: RunSsh;
  readonly mounts?: Mounts;
}

/** A file whose file system has not answered yet. */
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

  /** Names, or `*` for all, besides those that every caller sends. @throws SshpoolError SSH_CONFIG */
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
    // targetArgs as well: the text of a jump host is its name alone.
    const asked = [target.text, targetArgs(target), sshArgs, cwd];
    const named = ENV_NAMES.map((name) => env[name] ?? null);
    // The first key ignores most of the environment, so that callers with another TERM share the answer.
    const keyFor = ({ usesEnv, usesCommand }: Uses): string =>
      JSON.stringify([...asked, usesEnv ? env : named, usesCommand ? digestOf(invocation) : 0]);
    for (const uses of USES) {
      const known = this.#answers.get(keyFor(uses));
      // One after the other; there is rarely more than one.
      if (known) await this.#mounts.answer(known.paths);
      if (known && isCurrent(known)) return known.options;
    }
    const sources = await this.#sources(question);
    // Another call may have asked the same meanwhile.
    const other = USES.map((uses) => this.#answers.get(keyFor(uses))).find(isCurrent);
    if (other) return other.options;
    const { paths, isVolatile } = sources;
    const stamp = stampOf(paths);
    const options = this.#ask(question, sources);
    // Not cached: a program of `Match exec` may choose another user or key next time.
    if (isVolatile) return options;
    const answer: Answer = { stamp, paths, options };
    const key = keyFor(sources);
    this.#remember(key, answer);
    options.catch(() => {
      if (this.#answers.get(key) === answer) this.#answers.delete(key);
    });
    return options;
  }

  /** Opens each file only after its file system has answered. @throws SshpoolError NOT_SHARED */
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
        // One after the other: each file names the next ones.
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
    const [oldest] = this.#answers.keys();
    if (oldest !== undefined) this.#answers.delete(oldest);
  }
}

/** As ssh, ignores HOME. @throws SshpoolError NO_USER for an id that is in no user database (containers) */
function ourAccount(): Account {
  try {
    const { homedir: home, username: user, uid } = userInfo();
    return { home, user, uid, localHost: hostname() };
  } catch (thrown) {
    throw SshpoolError.of('NO_USER', { uid: process.getuid?.() ?? 0 }, thrown);
  }
}

function warningsIn(said: string): string[] {
  return said.split('\n').filter((line) => line !== '' && !OF_ONE_SESSION.test(line));
}

/** Lines about `ssh -G` itself, which has no terminal. */
const OF_ONE_SESSION = /^(?:Pseudo-terminal will not be allocated|debug\d: )/;

/** Undoes the remedy of sources.ts; the option must have been set. */
function restore(printed: string): string {
  return printed.replace(/^forkafterauthentication .*$/im, 'forkafterauthentication yes');
}

/** ssh prints values unescaped: text after a line break would be read as another option. */
function refuseLineBreaks(sshArgs: readonly string[]): void {
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  const word = sshArgs.find((one) => /[\r\n\u0000]/.test(one));
  if (word !== undefined) throw usageError('HOLDS_LINE_BREAK', { word });
}

/** A digest, because the command may be long and secret. */
function digestOf(invocation: Invocation = SHELL): string {
  return createHash('sha256').update(JSON.stringify(invocation)).digest('base64');
}

function isCurrent(answer: Answer | undefined): answer is Answer {
  return answer !== undefined && stampOf(answer.paths) === answer.stamp;
}

function stampOf(paths: readonly string[]): string {
  return paths
    .map((path) => {
      try {
        const { ino, size, mtimeNs, ctimeNs } = statSync(path, { bigint: true });
        return `${ino} ${size} ${mtimeNs} ${ctimeNs}`;
      } catch {
        return 'absent'; // or not accessible, which is the same to ssh
      }
    })
    .join('\n');
}

/** Uses node:child_process: loading execa would delay a first call. */
function runSsh(args: readonly string[], { cwd, env }: SshConfigQuery): Promise<Printed> {
  return new Promise((resolve, reject) => {
    const program = sshFor(env, cwd);
    if (program === undefined) {
      return reject(SshpoolError.of('SSH_CONFIG', { problem: missingThing(cwd) }));
    }
    const own = envForSsh(program, env);
    const options = { cwd, env: own, timeout: LIMIT_MS, maxBuffer: 1024 * 1024 };
    const ssh = execFile(program, args, options, (error, stdout, stderr) => {
      if (error === null) resolve({ stdout, stderr });
      else {
        // Omits Node's error, which contains all arguments: SetEnv and others may hold a secret.
        reject(SshpoolError.of('SSH_CONFIG', { problem: problemOf(error, stderr, cwd) }));
      }
    });
    // A program of `Match exec` may ask something: it gets end of file.
    ssh.stdin?.end();
  });
}

function problemOf(error: ExecFileException, stderr: string, cwd: string): string {
  const said = stderr
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('debug'))
    // ssh ends with a summary line; the actual error is before it.
    .filter((line, index, all) => !/terminating, \d+ bad/.test(line) || all.length === 1);
  if (error.code === 'ENOENT') return missingThing(cwd);
  if (error.killed === true) return `ssh -G did not answer within ${LIMIT_MS / 1000} s`;
  const status = typeof error.code === 'number' ? `exit status ${error.code}` : error.code;
  return said.at(-1) ?? `ssh -G failed without a word (${error.signal ?? status})`;
}

/** A program cannot start in a removed directory; Node reports that as ENOENT of the program. */
function missingThing(cwd: string): string {
  if (existsSync(cwd))
    return 'the ssh program was not found in PATH; install OpenSSH, or put it into PATH';
  return `the working directory ${cwd} does not exist any more`;
}
