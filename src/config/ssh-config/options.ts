/** The effective options of one host, from `ssh -G`, with absolute paths and expanded tokens. */
import { agentChoice, forwardChoice, type AgentChoice } from './agent-choice.ts';
import { commandFiles, type CommandFiles } from './command-files.ts';
import { controlOptions, type ControlOptions } from './control-options.ts';
import { parseJump, type Jump } from './jump.ts';
import { networkOptions, type NetworkOptions } from './network-options.ts';
import { opensshOnly } from './openssh-only.ts';
import { optionFiles, type OptionFiles } from './option-files.ts';
import type { Target } from '../command-line/target.ts';
import { expand, expandTilde, PROXY_TOKENS, type TokenContext } from './tokens.ts';

/** ssh_config(5) has the meaning of each; `target` is HOST as typed, `host` the name in it. */
export interface SshOptions extends NetworkOptions, ControlOptions, OptionFiles {
  readonly target: string;
  readonly host: string;
  readonly hostname: string;
  readonly port: number;
  readonly user: string;
  /** The file of -F, absolute; `none` for no file at all. */
  readonly configFile: string | undefined;
  readonly usesCommand: boolean;
  readonly hostKeyAlias: string | undefined;
  readonly identitiesOnly: boolean;
  readonly identityAgent: AgentChoice;
  readonly commandFiles: CommandFiles;
  readonly strictHostKeyChecking: 'yes' | 'ask' | 'accept-new' | 'no';
  readonly hashKnownHosts: boolean;
  /** True only without a question; `ask` counts as no. */
  readonly updateHostKeys: boolean;
  readonly fingerprintHash: 'md5' | 'sha256';
  readonly batchMode: boolean;
  readonly compression: boolean;
  readonly ciphers: readonly string[];
  readonly macs: readonly string[];
  readonly kexAlgorithms: readonly string[];
  readonly hostKeyAlgorithms: readonly string[];
  readonly pubkeyAuthentication: boolean;
  readonly pubkeyAcceptedAlgorithms: readonly string[];
  readonly requiredRsaBits: number;
  readonly kbdInteractiveAuthentication: boolean;
  readonly passwordAuthentication: boolean;
  readonly gssapiAuthentication: boolean;
  readonly preferredAuthentications: readonly string[] | undefined;
  readonly numberOfPasswordPrompts: number;
  readonly forwardAgent: AgentChoice;
  readonly proxyCommand: string | undefined;
  readonly proxyJump: string | undefined;
  readonly jump: Jump | undefined;
  readonly sendEnv: readonly string[];
  readonly setEnv: readonly (readonly [name: string, value: string])[];
  readonly remoteCommand: string | undefined;
  /** By LogLevel: from INFO (the default) on banners are shown; if `isSilent`, not even errors are. */
  readonly showsServerWords: boolean;
  readonly isSilent: boolean;
  readonly opensshOnly: readonly string[];
  readonly warnings: readonly string[];
  /** All options as printed, by lower-case name. */
  readonly all: ReadonlyMap<string, readonly string[]>;
}

export interface OptionsContext {
  readonly target: Target;
  readonly configFile: string | undefined;
  readonly usesCommand?: boolean;
  readonly cwd: string;
  readonly account: TokenContext['account'];
  readonly env: TokenContext['env'];
}

/** @throws SshpoolError SSH_CONFIG for a bad token */
export function readSshOptions(printed: string, asked: OptionsContext): SshOptions {
  const values = parse(printed);
  const one: One = (name) => {
    const value = values.get(name)?.[0];
    return value === undefined || value === 'none' || value === '' ? undefined : value;
  };
  const yes = (name: string): boolean => isYes(values.get(name)?.[0]);
  const list = (name: string): string[] => one(name)?.split(',') ?? [];
  const context = contextOf(values, asked);
  const { hostname, port, user, hostKeyAlias } = context;
  const proxy = proxyOf(one, context);
  return {
    target: asked.target.text,
    host: asked.target.host,
    hostname,
    port,
    user,
    configFile: asked.configFile,
    usesCommand: asked.usesCommand ?? false,
    hostKeyAlias,
    ...optionFiles(values, context, asked.cwd),
    identitiesOnly: yes('identitiesonly'),
    identityAgent: agentChoice(values.get('identityagent')?.[0] ?? 'SSH_AUTH_SOCK', asked),
    strictHostKeyChecking: strictness(one('stricthostkeychecking')),
    hashKnownHosts: yes('hashknownhosts'),
    updateHostKeys: yes('updatehostkeys'),
    // ssh prints it in upper case.
    fingerprintHash: one('fingerprinthash')?.toLowerCase() === 'md5' ? 'md5' : 'sha256',
    batchMode: yes('batchmode'),
    compression: yes('compression'),
    ciphers: list('ciphers'),
    macs: list('macs'),
    kexAlgorithms: list('kexalgorithms'),
    hostKeyAlgorithms: list('hostkeyalgorithms'),
    ...methodsOf(one, values),
    forwardAgent: forwardChoice(values.get('forwardagent')?.[0], asked),
    ...proxy,
    commandFiles: commandFiles(proxy.proxyCommand, one('knownhostscommand'), (word) =>
      expandTilde(word, asked.account, asked.cwd),
    ),
    sendEnv: values.get('sendenv') ?? [],
    setEnv: (values.get('setenv') ?? []).map(assignment),
    // ssh has expanded it (ssh.c, main): a `%` that came from `%%` must not be taken for a token.
    remoteCommand: one('remotecommand'),
    ...wordsOf(one('loglevel') ?? ''),
    ...networkOptions(one),
    ...controlOptions(one, asked.cwd),
    opensshOnly: opensshOnly(values),
    warnings: [],
    all: values,
  };
}

function wordsOf(logLevel: string): Pick<SshOptions, 'showsServerWords' | 'isSilent'> {
  const isSilent = ['SILENT', 'QUIET', 'FATAL'].includes(logLevel);
  return { showsServerWords: !isSilent && logLevel !== 'ERROR', isSilent };
}

type Values = ReadonlyMap<string, readonly string[]>;
/** The first value of an option; undefined for none. */
type One = (name: string) => string | undefined;

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

/** Used as printed: a user or a host may be named "none". */
function contextOf(values: Values, asked: OptionsContext): TokenContext {
  const first = (name: string): string | undefined => values.get(name)?.[0];
  const alias = first('hostkeyalias');
  const jumps = first('proxyjump');
  return {
    account: asked.account,
    env: asked.env,
    host: asked.target.host,
    hostname: first('hostname') ?? asked.target.host,
    port: Number(first('port') ?? 22),
    user: first('user') ?? asked.account.user,
    ...(alias === undefined ? {} : { hostKeyAlias: alias }),
    jumpHost: jumps === undefined || jumps === 'none' ? '' : parseJump(jumps).host,
  };
}

type Methods = Pick<
  SshOptions,
  | 'pubkeyAuthentication'
  | 'pubkeyAcceptedAlgorithms'
  | 'requiredRsaBits'
  | 'kbdInteractiveAuthentication'
  | 'passwordAuthentication'
  | 'gssapiAuthentication'
  | 'preferredAuthentications'
  | 'numberOfPasswordPrompts'
>;

/** PreferredAuthentications is read as printed: "none" is the name of a method. */
function methodsOf(one: One, values: Values): Methods {
  return {
    pubkeyAuthentication: !['no', 'false'].includes(one('pubkeyauthentication') ?? ''),
    // The second is the option's name before OpenSSH 8.5.
    pubkeyAcceptedAlgorithms:
      (one('pubkeyacceptedalgorithms') ?? one('pubkeyacceptedkeytypes'))?.split(',') ?? [],
    requiredRsaBits: Number(one('requiredrsasize') ?? 1024),
    kbdInteractiveAuthentication: isYes(one('kbdinteractiveauthentication')),
    passwordAuthentication: isYes(one('passwordauthentication')),
    gssapiAuthentication: isYes(one('gssapiauthentication')),
    preferredAuthentications: values.get('preferredauthentications')?.[0]?.split(','),
    numberOfPasswordPrompts: Number(one('numberofpasswordprompts') ?? 3),
  };
}

/** ssh parses ProxyJump first, then expands the ProxyCommand that it makes of it. */
function proxyOf(
  one: One,
  context: TokenContext,
): Pick<SshOptions, 'proxyCommand' | 'proxyJump' | 'jump'> {
  const expanded = (option: string, text: string): string =>
    expand(text, context, { option, tokens: PROXY_TOKENS, env: false });
  const command = one('proxycommand');
  const proxyCommand = command && expanded('proxycommand', command);
  const proxyJump = one('proxyjump');
  if (proxyJump === undefined) return { proxyCommand, proxyJump, jump: undefined };
  const hop = (text: string): string => expanded('proxyjump', text);
  const { before, user, host, port } = parseJump(proxyJump);
  const jump = { before: hop(before), user: user && hop(user), host: hop(host), port };
  return { proxyCommand, proxyJump: hop(proxyJump), jump };
}

function isYes(value: string | undefined): boolean {
  return value === 'yes' || value === 'true';
}

function strictness(value: string | undefined): SshOptions['strictHostKeyChecking'] {
  if (value === 'accept-new' || value === 'ask') return value;
  return value === 'no' || value === 'off' || value === 'false' ? 'no' : 'yes';
}

function assignment(text: string): [name: string, value: string] {
  const at = text.indexOf('=');
  return [text.slice(0, at), text.slice(at + 1)];
}

/** What tells two hosts with the same address apart: the route to them, and the expected host key. */
export function wayOf({
  proxyJump,
  proxyCommand,
  hostKeyAlias,
}: Pick<SshOptions, 'proxyJump' | 'proxyCommand' | 'hostKeyAlias'>): string | undefined {
  const named = [proxyJump, proxyCommand, hostKeyAlias];
  return named.some((each) => each !== undefined) ? JSON.stringify(named) : undefined;
}
