/**
 * The effective options of one host, as `ssh -G` prints them: each is read here and nowhere else,
 * with paths absolute and tokens expanded.
 */
import { createHash } from 'node:crypto';
import type { Target } from './target.ts';
import { expand, expandPath, PATH_TOKENS, PROXY_TOKENS, type TokenContext } from './tokens.ts';

export type AgentChoice =
  | { readonly kind: 'env' }
  | { readonly kind: 'none' }
  | { readonly kind: 'path'; readonly path: string };

/** ssh_config(5) has the meaning of each; times are in milliseconds. */
export interface SshOptions {
  /** HOST as typed. */
  readonly target: string;
  /** The alias or name in it. */
  readonly host: string;
  readonly hostname: string;
  readonly port: number;
  readonly user: string;
  /** The file of -F, absolute. */
  readonly configFile: string | undefined;
  readonly hostKeyAlias: string | undefined;
  readonly identityFiles: readonly string[];
  readonly identitiesOnly: boolean;
  readonly identityAgent: AgentChoice;
  readonly userKnownHostsFiles: readonly string[];
  readonly globalKnownHostsFiles: readonly string[];
  readonly strictHostKeyChecking: 'yes' | 'ask' | 'accept-new' | 'no';
  readonly hashKnownHosts: boolean;
  readonly batchMode: boolean;
  readonly connectTimeoutMs: number | undefined;
  readonly connectionAttempts: number;
  readonly addressFamily: 'any' | 'inet' | 'inet6';
  readonly bindAddress: string | undefined;
  readonly compression: boolean;
  readonly ciphers: readonly string[];
  readonly macs: readonly string[];
  readonly kexAlgorithms: readonly string[];
  readonly hostKeyAlgorithms: readonly string[];
  readonly pubkeyAuthentication: boolean;
  readonly forwardAgent: AgentChoice;
  readonly proxyCommand: string | undefined;
  readonly proxyJump: string | undefined;
  readonly sendEnv: readonly string[];
  readonly setEnv: readonly (readonly [name: string, value: string])[];
  readonly remoteCommand: string | undefined;
  readonly serverAliveIntervalMs: number;
  readonly serverAliveCountMax: number;
  readonly tcpKeepAlive: boolean;
  /** Everything as printed, by lower-case name. */
  readonly all: ReadonlyMap<string, readonly string[]>;
}

/** Where the options were asked for. */
export interface Asked {
  readonly target: Target;
  readonly configFile: string | undefined;
  readonly cwd: string;
  readonly account: TokenContext['account'];
  readonly env: TokenContext['env'];
}

/** The options that `ssh -G` printed. @throws SshpoolError SSH_CONFIG for a bad token */
export function readSshOptions(printed: string, asked: Asked): SshOptions {
  const values = parse(printed);
  const one = (name: string): string | undefined => {
    const value = values.get(name)?.[0];
    return value === undefined || value === 'none' || value === '' ? undefined : value;
  };
  const yes = (name: string): boolean => isYes(values.get(name)?.[0]);
  const list = (name: string): string[] => one(name)?.split(',') ?? [];
  const context = contextOf(one, asked);
  const path = (option: string, text: string): string =>
    expandPath(text, context, { option, tokens: PATH_TOKENS, env: true, cwd: asked.cwd });
  const files = (name: string): string[] =>
    (one(name)?.split(' ') ?? []).filter((text) => text !== 'none').map((t) => path(name, t));
  const { hostname, port, user, hostKeyAlias } = context;
  const timeout = seconds(one('connecttimeout'));
  const command = (name: string, tokens: string): string | undefined => {
    const text = one(name);
    return text && expand(text, context, { option: name, tokens, env: false });
  };
  return {
    target: asked.target.text,
    host: asked.target.host,
    hostname,
    port,
    user,
    configFile: asked.configFile,
    hostKeyAlias,
    identityFiles: (values.get('identityfile') ?? [])
      .filter((text) => text !== 'none')
      .map((text) => path('identityfile', text)),
    identitiesOnly: yes('identitiesonly'),
    identityAgent: agentChoice(values.get('identityagent')?.[0] ?? 'SSH_AUTH_SOCK', asked, path),
    userKnownHostsFiles: files('userknownhostsfile'),
    globalKnownHostsFiles: files('globalknownhostsfile'),
    strictHostKeyChecking: strictness(one('stricthostkeychecking')),
    hashKnownHosts: yes('hashknownhosts'),
    batchMode: yes('batchmode'),
    connectTimeoutMs: timeout > 0 ? timeout : undefined,
    connectionAttempts: Number(one('connectionattempts') ?? 1),
    addressFamily: family(one('addressfamily')),
    bindAddress: one('bindaddress'),
    compression: yes('compression'),
    ciphers: list('ciphers'),
    macs: list('macs'),
    kexAlgorithms: list('kexalgorithms'),
    hostKeyAlgorithms: list('hostkeyalgorithms'),
    pubkeyAuthentication: one('pubkeyauthentication') !== 'no' && one('pubkeyauthentication') !== 'false',
    forwardAgent: forwardChoice(values.get('forwardagent')?.[0], asked, path),
    proxyCommand: command('proxycommand', PROXY_TOKENS),
    proxyJump: command('proxyjump', PROXY_TOKENS),
    sendEnv: values.get('sendenv') ?? [],
    setEnv: (values.get('setenv') ?? []).map(assignment),
    remoteCommand: command('remotecommand', PATH_TOKENS),
    serverAliveIntervalMs: seconds(one('serveraliveinterval')),
    serverAliveCountMax: Number(one('serveralivecountmax') ?? 3),
    tcpKeepAlive: yes('tcpkeepalive'),
    all: values,
  };
}

function parse(printed: string): Map<string, string[]> {
  const values = new Map<string, string[]>();
  for (const line of printed.split('\n')) {
    const at = line.indexOf(' ');
    if (at < 0) continue;
    const [name, value] = [line.slice(0, at).toLowerCase(), line.slice(at + 1)];
    const known = values.get(name);
    if (known) known.push(value);
    else values.set(name, [value]);
  }
  return values;
}

function contextOf(one: (name: string) => string | undefined, asked: Asked): TokenContext {
  const alias = one('hostkeyalias');
  return {
    account: asked.account,
    env: asked.env,
    host: asked.target.host,
    hostname: one('hostname') ?? asked.target.host,
    port: Number(one('port') ?? 22),
    user: one('user') ?? asked.account.user,
    ...(alias === undefined ? {} : { hostKeyAlias: alias }),
    jumpHost: one('proxyjump')?.split(',').at(-1) ?? '',
  };
}

function isYes(value: string | undefined): boolean {
  return value === 'yes' || value === 'true';
}

function seconds(value: string | undefined): number {
  return value === undefined ? 0 : Number(value) * 1000;
}

function strictness(value: string | undefined): SshOptions['strictHostKeyChecking'] {
  if (value === 'accept-new' || value === 'ask') return value;
  return value === 'no' || value === 'off' || value === 'false' ? 'no' : 'yes';
}

function family(value: string | undefined): SshOptions['addressFamily'] {
  return value === 'inet' || value === 'inet6' ? value : 'any';
}

function assignment(text: string): [name: string, value: string] {
  const at = text.indexOf('=');
  return [text.slice(0, at), text.slice(at + 1)];
}

type ToPath = (option: string, text: string) => string;

/** IdentityAgent: SSH_AUTH_SOCK, none, $VARIABLE, or a path. */
function agentChoice(value: string, { env }: Asked, path: ToPath): AgentChoice {
  if (value === 'SSH_AUTH_SOCK') return { kind: 'env' };
  if (value === 'none') return { kind: 'none' };
  if (!value.startsWith('$') || value.startsWith('${')) {
    return { kind: 'path', path: path('identityagent', value) };
  }
  const socket = env[value.slice(1)];
  return socket ? { kind: 'path', path: socket } : { kind: 'none' };
}

/** ForwardAgent: no, yes (the caller's own), $VARIABLE, or a path. */
function forwardChoice(value: string | undefined, asked: Asked, path: ToPath): AgentChoice {
  if (value === undefined || value === 'no' || value === 'false') return { kind: 'none' };
  return isYes(value) ? { kind: 'env' } : agentChoice(value, asked, path);
}

/**
 * Printed options that decide neither who we are nor whom we talk to, but only what one session
 * does, or what is said about it. All others are part of the identity of a connection, so that an
 * option that we do not know cannot make two callers share one by mistake.
 */
const SESSION_ONLY = new Set([
  'host',
  'sendenv',
  'setenv',
  'remotecommand',
  'requesttty',
  'sessiontype',
  'stdinnull',
  'forkafterauthentication',
  'loglevel',
  'logverbose',
  'syslogfacility',
  'escapechar',
  'enableescapecommandline',
  'batchmode',
  'controlmaster',
  'controlpath',
  'controlpersist',
  'visualhostkey',
  'permitlocalcommand',
  'localcommand',
  'connectionattempts',
  'connecttimeout',
  'numberofpasswordprompts',
]);

/**
 * SHA-256 in hex over everything that decides who we are and whom we talk to, the socket of the
 * key agent included. Two aliases of one host under the same options share it.
 */
export function connectionKey(options: SshOptions, agent: { keyAgent?: string }): string {
  const printed = [...options.all].filter(([name]) => !SESSION_ONLY.has(name)).toSorted();
  const { identityFiles, identityAgent, userKnownHostsFiles, proxyCommand, proxyJump } = options;
  // What was printed may hold tokens and relative paths, so what they stand for counts as well.
  const expanded = { identityFiles, identityAgent, userKnownHostsFiles, proxyCommand, proxyJump };
  const identity = JSON.stringify([printed, expanded, agent.keyAgent ?? null]);
  return createHash('sha256').update(identity).digest('hex');
}
