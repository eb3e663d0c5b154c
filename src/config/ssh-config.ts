/**
 * Effective options by asking the real `ssh -G`, which knows Include, Match, Host and all
 * defaults; and a memory of its answers, valid while no file that they came from has changed.
 */
import { statSync } from 'node:fs';
import { hostname, userInfo } from 'node:os';
import { dirname, resolve } from 'node:path';
import { execa } from 'execa';
import { SshpoolError } from '../base/errors.ts';
import type { Clock } from '../base/time.ts';
import { readConfigFiles, type ConfigFile } from './config-files.ts';
import { readSshOptions, type SshOptions } from './ssh-options.ts';
import { targetArgs, type Target } from './target.ts';
import type { Account, Env } from './tokens.ts';

export interface Question {
  readonly target: Target;
  /** Connection options as given, each value in a word of its own. */
  readonly sshArgs: readonly string[];
  readonly cwd: string;
  readonly env: Env;
}

/** Runs `ssh` with these arguments; resolves to what it printed. */
export type RunSsh = (args: readonly string[], question: Question) => Promise<string>;

const SYSTEM_CONFIG = '/etc/ssh/ssh_config';
const LIMIT_MS = 10_000;
const MAX_ANSWERS = 1000;
/** `Match exec` may say something else each time; but not within one burst of commands. */
const EXEC_VALID_MS = 2000;

interface Answer {
  readonly options: Promise<SshOptions>;
  /** What the files looked like just before. */
  readonly stamp: string;
  readonly paths: readonly string[];
  /** Monotonic milliseconds. */
  readonly expiresAt: number;
}

export class SshConfig {
  readonly #clock: Clock;
  readonly #run: RunSsh;
  readonly #account: Account;
  readonly #answers = new Map<string, Answer>();

  constructor({ clock, run = runSsh }: { readonly clock: Clock; readonly run?: RunSsh }) {
    this.#clock = clock;
    this.#run = run;
    // As ssh: the home directory of the user database, whatever HOME says.
    const { homedir: home, username: user, uid } = userInfo();
    this.#account = { home, user, uid, localHost: hostname() };
  }

  /** @throws SshpoolError SSH_CONFIG with ssh's own words */
  async resolve(question: Question): Promise<SshOptions> {
    const { target, sshArgs, cwd, env } = question;
    const key = JSON.stringify([target.text, sshArgs, cwd, env]);
    const known = this.#answers.get(key);
    const now = this.#clock.monotonic();
    if (known && known.expiresAt > now && stampOf(known.paths) === known.stamp) {
      return known.options;
    }
    const { files, directories, configFile } = this.#sources(sshArgs, cwd);
    const paths = [...files.map(({ path }) => path), ...directories];
    const answer: Answer = {
      stamp: stampOf(paths),
      paths,
      expiresAt: files.some(runsPrograms) ? now + EXEC_VALID_MS : Infinity,
      options: this.#ask(question, configFile),
    };
    this.#remember(key, answer);
    // A failure is not remembered: the next call asks again.
    answer.options.catch(() => this.#answers.delete(key));
    return answer.options;
  }

  async #ask(question: Question, configFile: string | undefined): Promise<SshOptions> {
    const { target, sshArgs, cwd, env } = question;
    const printed = await this.#run(['-G', ...sshArgs, ...targetArgs(target)], question);
    return readSshOptions(printed, { target, configFile, cwd, env, account: this.#account });
  }

  /** All files that ssh may read for these arguments; -F replaces the usual two. */
  #sources(
    sshArgs: readonly string[],
    cwd: string,
  ): { files: ConfigFile[]; directories: string[]; configFile: string | undefined } {
    const { home } = this.#account;
    const given = sshArgs[sshArgs.lastIndexOf('-F') + 1];
    const configFile = sshArgs.includes('-F') && given ? resolve(cwd, given) : undefined;
    const user = `${home}/.ssh`;
    const roots = configFile
      ? [readConfigFiles(configFile, user, home)]
      : [
          readConfigFiles(`${user}/config`, user, home),
          readConfigFiles(SYSTEM_CONFIG, dirname(SYSTEM_CONFIG), home),
        ];
    const files = roots.flatMap((root) => [...root.files]);
    return { files, directories: roots.flatMap((root) => [...root.directories]), configFile };
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

function runsPrograms({ lines }: ConfigFile): boolean {
  return lines.some((words) => words[0] === 'match' && words.some((w) => /^!?exec$/i.test(w)));
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

async function runSsh(args: readonly string[], { cwd, env }: Question): Promise<string> {
  const result = await execa('ssh', args, {
    cwd,
    env,
    extendEnv: false,
    stdin: 'ignore',
    reject: false,
    timeout: LIMIT_MS,
    maxBuffer: 1024 * 1024,
  });
  if (result.exitCode === 0) return result.stdout;
  const said = result.stderr
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('debug'))
    // ssh closes with a summary line; what went wrong is said before it.
    .filter((line, index, all) => !/terminating, \d+ bad/.test(line) || all.length === 1);
  const missing = result.code === 'ENOENT' ? 'the ssh program was not found in PATH' : undefined;
  const problem = missing ?? said.at(-1) ?? result.shortMessage ?? 'ssh -G failed';
  throw SshpoolError.of('SSH_CONFIG', { problem }, result);
}
