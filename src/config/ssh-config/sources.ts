/** Everything that an answer of `ssh -G` depends on: its arguments, files and variables. */
import { dirname, resolve } from 'node:path';
import { SshpoolError } from '../../base/errors.ts';
import { configWords, readConfigFiles, type ConfigFiles, type ReadingContext } from './files.ts';
import { expandTilde, type Account, type Env } from './tokens.ts';

export interface ConfigSources {
  readonly configFile: string | undefined;
  /** Files and directories, existing or not, whose change may change the answer. */
  readonly paths: readonly string[];
  /** The answer also depends on something outside files: a program, the network, the name service. */
  readonly isVolatile: boolean;
  /** The answer may depend on any variable of the environment, not only on ENV_NAMES. */
  readonly usesEnv: boolean;
  /** The answer depends on the command to run (Match command, sessiontype; since OpenSSH 10.0). */
  readonly usesCommand: boolean;
  /** Variables of the caller that the configuration names, or all (`*`) for the programs in it. */
  readonly variables: readonly string[];
  /** Extra options without which `ssh -G` would reject what ssh itself accepts. */
  readonly remedies: readonly string[];
}

/** The variables that ssh reads even if its configuration names none. */
export const ENV_NAMES = [
  'HOME',
  'USER',
  'LOGNAME',
  'SSH_AUTH_SOCK',
  'SSH_SK_PROVIDER',
  'PATH',
] as const;

const SYSTEM_CONFIG = '/etc/ssh/ssh_config';
/** The options with a value in the next word that matter here. */
const WITH_VALUE = new Set(['-B', '-b', '-c', '-F', '-I', '-i', '-J', '-l', '-m', '-o', '-p']);

type Line = readonly string[];

export interface SourcesContext extends Pick<ReadingContext, 'mayOpen'> {
  readonly env: Env;
  readonly account: Account;
}

/** @throws SshpoolError SSH_CONFIG if a variable would add a line to the answer; as readConfigFiles */
export function configSources(
  sshArgs: readonly string[],
  cwd: string,
  { env, account, mayOpen }: SourcesContext,
): ConfigSources {
  const given = valuesOf(sshArgs);
  const configFile = fileOf(given, cwd);
  const roots = rootsOf(configFile, { home: account.home, mayOpen });
  const files = roots.flatMap((root) => root.files);
  const identities = given.flatMap(([name, value]) => (name === '-i' ? [value] : []));
  const lines: readonly Line[] = [
    ...files.flatMap((file) => file.lines),
    ...given.flatMap(([name, value]) => (name === '-o' ? [configWords(value)] : [])),
    ...identities.map((value) => ['identityfile', value]),
    ...given.flatMap(([name, value]) => (name === '-I' ? [['pkcs11provider', value]] : [])),
  ];
  refuseLineBreaks(lines, env);
  const isVolatile = lines.some(looksOutside);
  return {
    configFile,
    paths: [
      ...files.map(({ path }) => path),
      ...roots.flatMap(({ directories }) => directories),
      // ssh ignores a missing file of -i.
      ...identities.map((path) => expandTilde(path, account, cwd)),
    ],
    isVolatile,
    // Both $NAME and ${NAME}; and a program of Match exec sees the whole environment.
    usesEnv: isVolatile || lines.some((words) => words.some((word) => word.includes('$'))),
    usesCommand: lines.some(looksAtCommand),
    variables: variablesOf(lines),
    remedies: remediesFor(lines),
  };
}

function valuesOf(sshArgs: readonly string[]): (readonly [name: string, value: string])[] {
  const given: [string, string][] = [];
  for (let at = 0; at < sshArgs.length; at++) {
    const name = sshArgs[at] ?? '';
    if (WITH_VALUE.has(name)) given.push([name, sshArgs[++at] ?? '']);
  }
  return given;
}

function fileOf(
  given: readonly (readonly [name: string, value: string])[],
  cwd: string,
): string | undefined {
  const value = given.findLast(([name]) => name === '-F')?.[1];
  if (value === undefined) return undefined;
  return value.toLowerCase() === 'none' ? 'none' : resolve(cwd, value);
}

function rootsOf(
  configFile: string | undefined,
  { home, mayOpen }: Pick<ReadingContext, 'home' | 'mayOpen'>,
): ConfigFiles[] {
  if (configFile === 'none') return [];
  const user = `${home}/.ssh`;
  const context = { base: user, home, mayOpen };
  if (configFile !== undefined) return [readConfigFiles(configFile, context)];
  return [
    readConfigFiles(`${user}/config`, context),
    readConfigFiles(SYSTEM_CONFIG, { ...context, base: dirname(SYSTEM_CONFIG) }),
  ];
}

/** ForkAfterAuthentication needs a command, which `ssh -G` lacks. Only if set: ssh before 8.7 rejects it. */
function remediesFor(lines: readonly Line[]): string[] {
  const forks = lines.some(([keyword]) => keyword === 'forkafterauthentication');
  return forks ? ['-o', 'ForkAfterAuthentication=no'] : [];
}

/** ssh runs programs and loads providers in its own environment, which must be the caller's. */
function variablesOf(lines: readonly Line[]): string[] {
  if (lines.some(runsProgram)) return ['*'];
  const named = lines.flatMap((words) =>
    words.slice(1).flatMap((word) => [...word.matchAll(/\$\{?(\w+)/g)]),
  );
  return [...new Set(named.map(([, name = '']) => name))];
}

function runsProgram([keyword = '', ...rest]: Line): boolean {
  if (keyword === 'match') return attributesOf(rest).includes('exec');
  return /(command|provider)$/.test(keyword) && keyword !== 'remotecommand';
}

function looksAtCommand([keyword, ...rest]: Line): boolean {
  if (keyword !== 'match') return false;
  return attributesOf(rest).some((name) => name === 'command' || name === 'sessiontype');
}

function attributesOf(words: readonly string[]): string[] {
  const names: string[] = [];
  for (let at = 0; at < words.length; at++) {
    const [, name = '', equals] = /^!?([^=]*)(=?)/.exec(words[at] ?? '') ?? [];
    names.push(name.toLowerCase());
    // All other criteria are followed by their value.
    if (equals === '' && !/^(all|canonical|final)$/i.test(name)) at += 1;
  }
  return names;
}

function looksOutside([keyword, ...rest]: Line): boolean {
  if (keyword === 'match') {
    return attributesOf(rest).some((name) => name === 'exec' || name === 'localnetwork');
  }
  if (keyword === 'canonicalizehostname') return !/^(no|false)$/i.test(rest[0] ?? '');
  // Newer versions of ssh expand these, so the actual file is not watched.
  return keyword === 'include' && rest.some((word) => /[$%]/.test(word));
}

/** As in ssh-config.ts, for variables that ssh expands; it prints commands before a shell expands them. */
function refuseLineBreaks(lines: readonly Line[], env: Env): void {
  const printed = lines.filter(
    ([keyword = '']) => keyword !== 'match' && !keyword.endsWith('command'),
  );
  for (const [keyword, ...rest] of printed) {
    const names = [...rest.join(' ').matchAll(/\$\{([^}]*)\}/g)].map(([, name = '']) => name);
    const bad = names.find((name) => /[\r\n]/.test(env[name] ?? ''));
    if (bad === undefined) continue;
    const problem = `${keyword}: the environment variable ${bad} holds a line break`;
    throw SshpoolError.of('SSH_CONFIG', { problem });
  }
}
