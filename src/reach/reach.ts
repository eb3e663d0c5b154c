/** From HOST and ssh's options to a request for the pool: resolved as ssh would, also through jump hosts. */
import { resolve } from 'node:path';
import { SshpoolError } from '../base/errors.ts';
import { printableWords } from '../base/printable.ts';
import type { Clock } from '../base/time.ts';
import { connectionKey, identityPaths } from '../config/ssh-config/connection-key.ts';
import type { Jump } from '../config/ssh-config/jump.ts';
import type { Mounts } from '../config/ssh-config/mounts.ts';
import type { RuntimePaths } from '../config/settings/paths.ts';
import type { Settings } from '../config/settings/settings.ts';
import type { Invocation, SshConfig } from '../config/ssh-config/ssh-g.ts';
import type { AgentChoice } from '../config/ssh-config/agent-choice.ts';
import { wayOf, type SshOptions } from '../config/ssh-config/options.ts';
import { targetArgs, type Target } from '../config/command-line/target.ts';
import type { Env } from '../config/ssh-config/tokens.ts';
import type { Asking } from '../pool/pending-connects.ts';
import type { PoolRequest } from '../pool/request.ts';
import type { Pool } from '../pool/pool.ts';
import { addressesOf } from '../ssh/transport/addresses.ts';
import type { Links } from '../ssh/connect-link.ts';
import { isListening } from '../ssh/keys/key-agent.ts';
import type { Link } from '../ssh/link/link.ts';
import { serverOf, type Penalties } from '../ssh/login/penalties.ts';
import { noAnswer, type Ask, type Note } from '../ssh/link/prompts.ts';
import { HopError } from '../ssh/link/hop-error.ts';
import type { Tunnel } from '../ssh/channel/tunnel.ts';
import { CALLER_ENV, matchesEnv } from '../wire/caller-env.ts';
import {
  identityOf,
  watchIdentity,
  type IdentityDigest,
  type IdentitySources,
} from './identity.ts';
import { trustBehind, trustOf } from './trust.ts';

export interface ReachServices extends IdentitySources {
  readonly clock: Clock;
  readonly settings: Settings;
  readonly paths: RuntimePaths;
  readonly sshConfig: SshConfig;
  readonly mounts: Mounts;
  /** The environment of the process, without the variables of the caller that started it. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly pool: Pool;
  readonly penalties: Penalties;
  /** Loaded at the first call. */
  readonly links: () => Promise<Pick<Links, 'connect'>>;
}

export interface CallerContext {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** Asks the caller for matching variables that it does not send in `env`. */
  environment(patterns: readonly string[]): Promise<Readonly<Record<string, string>>>;
  readonly ask: Ask;
  readonly note: Note;
}

export interface ReachResult {
  readonly options: SshOptions;
  readonly request: PoolRequest;
  /** ControlPath of the target, and of the jump hosts on the way. */
  readonly controlPaths: readonly string[];
}

/** A host as the caller named it, with options for ssh. */
export interface ReachTarget {
  readonly target: Target;
  readonly sshArgs: readonly string[];
  readonly invocation?: Invocation;
}

/** @throws SshpoolError SSH_CONFIG if ssh rejects it; JUMP_LOOP; NOT_SHARED, also for a hung file system */
export function reach(
  services: ReachServices,
  asked: ReachTarget,
  caller: CallerContext,
): Promise<ReachResult> {
  return reachBehind(services, asked, caller, []);
}

/** `behind` names the targets that are reached through this one. */
async function reachBehind(
  services: ReachServices,
  asked: ReachTarget,
  caller: CallerContext,
  behind: readonly Behind[],
): Promise<ReachResult> {
  const { target, sshArgs } = asked;
  const { mounts } = services;
  await mounts.answer([caller.cwd]);
  const env = await environmentOf(services, sshArgs, caller);
  const resolved = services.sshConfig.resolve({ ...asked, cwd: caller.cwd, env });
  // The first call loads ssh2 while its ssh -G runs, so that the agent starts without it.
  const [options] = await Promise.all([resolved, services.links()]);
  const keyAgent = socketOf(options.identityAgent, caller);
  const { host: name, user, hostname, port } = options;
  await mounts.answer([...pathsOf(options), ...(keyAgent === undefined ? [] : [keyAgent])]);
  const identity = await identityOf(services, options, keyAgent);
  const forwardAgent = await forwardedAgent(options, caller);
  const own = await ownKey(services, options, { ...identity, keyAgent, forwardAgent, env });
  refuseLoop(own, name, behind);
  const hop = options.jump && hopOf(options, options.jump);
  const further = [...behind, { key: own, host: name }];
  const way = hop && (await reachBehind(services, hop, caller, further));
  // With another login at the jump host it is another connection.
  const key = way === undefined ? own : `${own} ${way.request.key}`;
  const trust = trustOf(options, services.contents);
  const hopKey = way?.request.key;
  const facts = { key, options, asked, env, identity, keyAgent, hop, hopKey, behind: further };
  const request: PoolRequest = {
    key,
    label: { target: target.text, name, user, hostname, port, way: wayOf(options) },
    trust: way === undefined ? trust : trustBehind(trust, way.request.trust),
    forwardAgent,
    // The server whose limit on unauthenticated connections counts. A jump host has its own.
    server: `${hostname}:${port}`,
    hasFailed: () => services.penalties.hasFailed(serverOf(options)),
    batchMode: options.batchMode,
    ...connectBy(services, facts, caller),
  };
  const ownPath = options.controlPath === undefined ? [] : [options.controlPath];
  return { options, request, controlPaths: [...ownPath, ...(way?.controlPaths ?? [])] };
}

/** Every file that is accessed for a call, and for a login. */
function pathsOf(options: SshOptions): readonly string[] {
  const { userKnownHostsFiles, globalKnownHostsFiles, commandFiles } = options;
  const { programs, data } = commandFiles;
  const known = [...userKnownHostsFiles, ...globalKnownHostsFiles];
  const control = options.controlPath === undefined ? [] : [options.controlPath];
  return [...identityPaths(options), ...known, ...programs, ...data, ...control];
}

interface Facts {
  readonly key: string;
  readonly options: SshOptions;
  readonly asked: ReachTarget;
  readonly env: Env;
  readonly identity: IdentityDigest;
  readonly keyAgent: string | undefined;
  /** The nearest jump host, and the key of the connection to it. */
  readonly hop: ReachTarget | undefined;
  readonly hopKey: string | undefined;
  readonly behind: readonly Behind[];
}

function connectBy(
  services: ReachServices,
  { key, options, asked, env, identity, keyAgent, hop, hopKey, behind }: Facts,
  caller: CallerContext,
): Pick<PoolRequest, 'connect' | 'isShareable'> {
  const { clock, settings, paths } = services;
  const timeoutMs = options.connectTimeoutMs ?? settings.connectionTimeoutMs;
  const unlike = new WeakSet<Link>();
  const connect: PoolRequest['connect'] = async (signal, purpose, asking) => {
    const isSame = watchIdentity(services, options, keyAgent, identity);
    let hasWayChanged = false;
    const person = purpose === 'speed' ? mute(caller) : heard(caller, asking);
    const through = async (first: ReachTarget, until: AbortSignal): Promise<Tunnel> => {
      // Resolved again, so that its prompts go to this caller's user.
      const way = await reachBehind(services, first, asHop(person), behind);
      hasWayChanged ||= way.request.key !== hopKey;
      const { hostname: host, port } = options;
      const tunnel = services.pool.tunnel(way.request, { host, port, timeoutMs }, until);
      return tunnel.catch((thrown: unknown) => {
        throw new HopError(SshpoolError.from(thrown), way.options);
      });
    };
    const links = await services.links();
    const link = await links.connect(key, {
      ...{ options, env, keyAgent, timeoutMs, signal, clock },
      words: [...asked.sshArgs, ...targetArgs(asked.target)],
      dir: paths.dir,
      cwd: caller.cwd,
      jump: hop && ((until) => through(hop, until)),
      ask: options.batchMode ? noAnswer : person.ask,
      note: logOf(options, person.note),
    });
    if (hasWayChanged || !(await isSame())) unlike.add(link);
    return link;
  };
  return { connect, isShareable: (link) => !unlike.has(link) };
}

/** A target that is reached through the host in question. */
interface Behind {
  readonly key: string;
  readonly host: string;
}

/** A pattern in the configuration may give each jump host yet another jump host. */
const MAX_JUMPS = 32;

/** Two hosts that are each other's jump host would wait for each other. @throws SshpoolError JUMP_LOOP */
function refuseLoop(key: string, jump: string, behind: readonly Behind[]): void {
  const isLoop = behind.length > MAX_JUMPS || behind.some((target) => target.key === key);
  const [target] = behind;
  if (isLoop && target) throw SshpoolError.of('JUMP_LOOP', { host: target.host, jump });
}

/** The key of a connection to this host alone, without the way there. */
async function ownKey(
  { settings, contents: files }: ReachServices,
  options: SshOptions,
  caller: IdentityDigest & {
    readonly keyAgent: string | undefined;
    readonly forwardAgent: string | undefined;
    readonly env: Env;
  },
): Promise<string> {
  const { contents, heldKeys, keyAgent, forwardAgent, env } = caller;
  const { programs, data } = options.commandFiles;
  const commands = [files.digestFiles(programs, { onlyPrograms: true }), files.digestFiles(data)];
  const isDirect = options.jump === undefined && options.proxyCommand === undefined;
  const key = connectionKey(options, {
    keyAgent,
    heldKeys,
    contents,
    commands: commands.join(' '),
    addresses: settings.followAddresses && isDirect ? await addressesOf(options) : undefined,
    env,
  });
  return `${key} ${forwardAgent ?? ''}`;
}

/** The caller's environment, over variables of the agent that no caller sends (TZ, TMPDIR). */
async function environmentOf(
  { env, sshConfig }: ReachServices,
  sshArgs: readonly string[],
  caller: CallerContext,
): Promise<Readonly<Record<string, string | undefined>>> {
  const wanted = await sshConfig.variables({ sshArgs, cwd: caller.cwd, env: caller.env });
  const missing = wanted.filter((name) => !matchesEnv(name, CALLER_ENV));
  if (missing.length === 0) return { ...env, ...caller.env };
  const more = await caller.environment(missing);
  return missing.includes('*') ? more : { ...env, ...more, ...caller.env };
}

/** A connect for speed does not prompt, and its messages were already shown at the first connect. */
function mute(caller: CallerContext): CallerContext {
  return { ...caller, ask: noAnswer, note: () => undefined };
}

/** LogLevel QUIET hides ssh's own messages; those of others are shown. */
function logOf({ isSilent }: SshOptions, note: Note): Note {
  return (text, of) => {
    if (of !== undefined || !isSilent) note(text, of);
  };
}

/** For ssh, messages of a jump host come from another program: -q and -E do not apply to them. */
function asHop(caller: CallerContext): CallerContext {
  const note: Note = (text, of) =>
    caller.note(of === undefined ? printableWords(`${text}\n`) : text, 'words');
  return { ...caller, note };
}

/** Tells the pool about each prompt, also those for jump hosts. */
function heard(caller: CallerContext, asking: Asking): CallerContext {
  return { ...caller, ask: (question) => asking(() => caller.ask(question)) };
}

/** The last jump host, with the arguments that ssh would give to the ssh that it starts for it (ssh.c). */
function hopOf({ configFile }: SshOptions, { before, user, host, port }: Jump): ReachTarget {
  const sshArgs = [
    ...(configFile === undefined ? [] : ['-F', configFile]),
    ...(before === '' ? [] : ['-J', before]),
  ];
  const named = { ...(user && { user }), ...(port && { port: Number(port) }) };
  return { target: { text: host, host, ...named }, sshArgs };
}

/** Also undefined if the socket has no listener: ssh then forwards nothing. */
async function forwardedAgent(
  { forwardAgent }: SshOptions,
  caller: CallerContext,
): Promise<string | undefined> {
  const path = socketOf(forwardAgent, caller);
  return path !== undefined && (await isListening(path)) ? path : undefined;
}

/** The socket that IdentityAgent or ForwardAgent names; "env" is the caller's own key agent. */
function socketOf(choice: AgentChoice, { env, cwd }: CallerContext): string | undefined {
  if (choice.kind === 'path') return choice.path;
  const socket = choice.kind === 'env' ? env['SSH_AUTH_SOCK'] : undefined;
  return socket && resolve(cwd, socket);
}
