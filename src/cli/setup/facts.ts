/** Finds out what `sshpool setup` needs to know of the user's machine; changes nothing. */
import { execFile } from 'node:child_process';
import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { findLauncher } from '../../base/launcher.ts';
import { findProgram, realSsh } from '../../base/programs.ts';
import { runtimePaths } from '../../config/settings/paths.ts';
import { agentEnv } from '../../wire/caller-env.ts';
import { SHELLS } from '../command-table.ts';
import type { ServiceFacts } from './service.ts';
import type { Facts, Shell } from './steps.ts';

type Env = Readonly<Record<string, string | undefined>>;

/** A start file of the user's zsh may take long. */
const LIMIT_MS = 10_000;
const MARK = 'sshpool-fpath';

interface Asked {
  /** The paths that setup has made earlier. */
  readonly ours: ReadonlySet<string>;
  /** Whether the agent shall be a service. */
  readonly service: boolean;
}

/** @throws SshpoolError BAD_SETTING, PATH_TOO_LONG for the socket of a service */
export async function findFacts(env: Env, home: string, { ours, service }: Asked): Promise<Facts> {
  const path = (env['PATH'] ?? '').split(':').filter(isAbsolute);
  const config = directoryOf(env['XDG_CONFIG_HOME'], join(home, '.config'));
  const shells = SHELLS.filter((shell) => isInUse(shell, env, { home, config }));
  const manuals = await manualDirectories(env, path);
  const ssh = realSsh(env, '/');
  const { kind, path: launcher } = findLauncher(env);
  // Of root, too, it makes nothing that other users would get.
  const isInside = (directory: string): boolean => directory.startsWith(`${home}/`);
  const isOwn = (directory: string): boolean => isInside(directory) && isPrivate(directory);
  return {
    home,
    data: directoryOf(env['XDG_DATA_HOME'], join(home, '.local', 'share')),
    config,
    shells,
    zshFunctions: shells.includes('zsh') ? (await zshFunctions(env)).filter(isOwn) : [],
    manuals: manuals.filter(isInside),
    hasManual: manuals
      .map((directory) => join(directory, 'man1', 'sshpool.1'))
      .some((page) => existsSync(page) && !ours.has(page)),
    beforeSsh: path
      .slice(0, ssh === undefined ? path.length : path.indexOf(dirname(ssh)))
      .filter(isOwn),
    launcher: kind === 'none' || kind === 'compiled' ? launcher : undefined,
    hasCompiler: findProgram('cc', { env, cwd: '/' }) !== undefined,
    service: service ? serviceFacts(env, { home, config }) : undefined,
  };
}

/** Variables that a service manager sets itself. */
const SET_BY_MANAGER = new Set(['HOME', 'USER', 'LOGNAME', 'SHELL', 'XDG_RUNTIME_DIR']);

function serviceFacts(env: Env, { home, config }: Places): ServiceFacts {
  const uid = process.getuid?.() ?? 0;
  const isMac = process.platform === 'darwin';
  const own = Object.entries(agentEnv(env)).filter(([name]) => !SET_BY_MANAGER.has(name));
  return {
    manager: isMac ? 'launchd' : hasSystemd(env) ? 'systemd' : undefined,
    directory: isMac ? join(home, 'Library', 'LaunchAgents') : join(config, 'systemd', 'user'),
    paths: runtimePaths(env, uid),
    env: Object.fromEntries(own),
    uid,
  };
}

/** Whether the user's own systemd runs: it has its socket there. */
function hasSystemd(env: Env): boolean {
  const { XDG_RUNTIME_DIR: runtime = '' } = env;
  const isThere = isAbsolute(runtime) && existsSync(join(runtime, 'systemd', 'private'));
  return isThere && findProgram('systemctl', { env, cwd: '/' }) !== undefined;
}

const directoryOf = (given: string | undefined, usual: string): string =>
  given !== undefined && isAbsolute(given) ? given : usual;

interface Places {
  readonly home: string;
  readonly config: string;
}

/** The login shell, or one with a start file. */
function isInUse(shell: Shell, env: Env, { home, config }: Places): boolean {
  if (env['SHELL']?.endsWith(`/${shell}`)) return true;
  const files: Readonly<Record<Shell, string>> = {
    bash: join(home, '.bashrc'),
    zsh: join(env['ZDOTDIR'] ?? home, '.zshrc'),
    fish: join(config, 'fish'),
  };
  return existsSync(files[shell]);
}

/** As the user's own start files set `fpath`; empty if zsh does not say. */
async function zshFunctions(env: Env): Promise<string[]> {
  const printed = await output('zsh', ['-ic', `print -rl -- ${MARK} $fpath`], env);
  // The start files may print, too.
  return printed.split(`${MARK}\n`).at(-1)?.split('\n').filter(isAbsolute) ?? [];
}

/** man-db looks also beside each directory of PATH, even if nothing is there yet (manpath(5)). */
async function manualDirectories(env: Env, path: readonly string[]): Promise<string[]> {
  const known = (await output('manpath', ['-q'], env)).trim().split(':').filter(isAbsolute);
  const beside = path
    .filter((directory) => directory.endsWith('/bin'))
    .map((directory) => join(dirname(directory), 'share', 'man'));
  return [...known, ...beside];
}

/** Empty if there is no such program, or it fails. */
function output(program: string, words: readonly string[], env: Env): Promise<string> {
  return new Promise((resolve) => {
    const child = execFile(program, words, { env, timeout: LIMIT_MS }, (error, printed) =>
      resolve(error ? '' : printed),
    );
    child.stdin?.end();
  });
}

/** A directory that this user, and no one else, can write to. */
function isPrivate(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    const { uid, mode } = statSync(path);
    return uid === process.getuid?.() && (mode & 0o022) === 0;
  } catch {
    return false; // absent
  }
}
