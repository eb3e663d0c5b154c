/**
 * From HOST and ssh's options to a request for the pool: resolves them as ssh would, for this
 * caller, and says how to connect, through jump hosts too.
 */
import { SshpoolError } from '../base/errors.ts';
import type { Clock } from '../base/time.ts';
import { connectionKey } from '../config/connection-key.ts';
import type { Jump } from '../config/jump.ts';
import type { RuntimePaths } from '../config/paths.ts';
import type { Settings } from '../config/settings.ts';
import type { SshConfig } from '../config/ssh-config.ts';
import type { AgentChoice, SshOptions } from '../config/ssh-options.ts';
import { targetArgs, type Target } from '../config/target.ts';
import type { Asking } from '../pool/attempts.ts';
import type { PoolRequest } from '../pool/request.ts';
import type { Pool } from '../pool/pool.ts';
import type { Links } from '../ssh/connect-link.ts';
import { askNobody, type Ask } from '../ssh/prompts.ts';
import type { Tunnel } from '../ssh/tunnel.ts';
import { CALLER_ENV, matchesEnv } from '../wire/caller-env.ts';

/** What it takes to reach hosts, shared by all callers. */
export interface ReachServices {
  readonly clock: Clock;
  readonly settings: Settings;
  readonly paths: RuntimePaths;
  readonly sshConfig: SshConfig;
  /** The environment of the process, without what belongs to whoever started it. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly pool: Pool;
  /** What makes connections; loaded when the first one is made. */
  readonly links: () => Promise<Pick<Links, 'connect'>>;
}

/** What a caller brings along. */
export interface Surroundings {
  readonly cwd: string;
  /** The variables that it sent. */
  readonly env: Readonly<Record<string, string>>;
  /** Its variables that match, asked for: they are not on the list of those that are sent. */
  environment(patterns: readonly string[]): Promise<Readonly<Record<string, string>>>;
  readonly ask: Ask;
  /** Prints a line on the caller's standard error. */
  readonly note: (text: string) => void;
}

export interface Reached {
  readonly options: SshOptions;
  readonly request: PoolRequest;
}

/** @throws SshpoolError SSH_CONFIG where ssh cannot make sense of its configuration */
export async function reach(
  services: ReachServices,
  target: Target,
  sshArgs: readonly string[],
  caller: Surroundings,
): Promise<Reached> {
  const { cwd } = caller;
  const env = await environmentOf(services, sshArgs, caller);
  const resolved = services.sshConfig.resolve({ target, sshArgs, cwd, env });
  // The first call loads ssh2 while its ssh -G runs: the agent serves before it has it.
  const [options, links] = await Promise.all([resolved, services.links()]);
  const keyAgent = socketOf(options.identityAgent, caller.env);
  const forwardAgent = socketOf(options.forwardAgent, caller.env);
  const { host: name, user, hostname, port } = options;
  const { clock, settings, paths } = services;
  const timeoutMs = options.connectTimeoutMs ?? settings.connectionTimeoutMs;
  const key = `${connectionKey(options, { keyAgent, env })} ${forwardAgent ?? ''}`;
  const words = [...sshArgs, ...targetArgs(target)];
  const request: PoolRequest = {
    key,
    label: { target: target.text, name, user, hostname, port },
    forwardAgent,
    // Whose limit on logins under way counts. A jump host has its own.
    server: `${hostname}:${port}`,
    asksNobody: options.batchMode,
    connect: (signal, purpose, asking) => {
      const person = purpose === 'speed' ? mute(caller) : heard(caller, asking);
      const through = (until: AbortSignal): Promise<Tunnel> =>
        throughJump(services, { options, request }, { person, timeoutMs, signal: until });
      return links.connect(key, {
        ...{
          options,
          words,
          dir: paths.dir,
          env,
          cwd,
          keyAgent,
          timeoutMs,
          signal,
          clock,
        },
        jump: options.jump && through,
        ask: options.batchMode ? askNobody : person.ask,
        note: person.note,
      });
    },
  };
  return { options, request };
}

/** The agent's own environment for what programs need (PATH, HOME), the caller's over it. */
async function environmentOf(
  { env, sshConfig }: ReachServices,
  sshArgs: readonly string[],
  caller: Surroundings,
): Promise<Readonly<Record<string, string | undefined>>> {
  const wanted = sshConfig.variables({ sshArgs, cwd: caller.cwd, env: caller.env });
  const missing = wanted.filter((name) => !matchesEnv(name, CALLER_ENV));
  if (missing.length === 0) return { ...env, ...caller.env };
  const more = await caller.environment(missing);
  return missing.includes('*') ? more : { ...env, ...more, ...caller.env };
}

/** For speed alone nobody is asked, and what there was to say was said at the first connect. */
function mute(caller: Surroundings): Surroundings {
  return { ...caller, ask: askNobody, note: () => undefined };
}

/** The pool knows of each question, those on the way through jump hosts too. */
function heard(caller: Surroundings, asking: Asking): Surroundings {
  return { ...caller, ask: (question) => asking(() => caller.ask(question)) };
}

interface Journey {
  readonly person: Surroundings;
  /** For the way from the jump host to the target, in milliseconds. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** A stream to the target through the last of its jump hosts, reached over the pool as any host. */
async function throughJump(
  services: ReachServices,
  target: Reached,
  { person, timeoutMs, signal }: Journey,
): Promise<Tunnel> {
  const { hostname: host, port } = target.options;
  const [hop] = await jumpsOf(services, target, person);
  if (hop === undefined) throw new TypeError('there is no jump host');
  return services.pool.tunnel(hop.request, { host, port, timeoutMs }, signal);
}

/** A pattern may name a jump host for each jump host, and another one each time. */
const MAX_JUMPS = 32;

/**
 * All jump hosts of a target, the one nearest to it first. Looked up together, since two that led to
 * each other would wait for each other. @throws SshpoolError JUMP_LOOP
 */
async function jumpsOf(
  services: ReachServices,
  target: Reached,
  person: Surroundings,
): Promise<Reached[]> {
  const way: Reached[] = [];
  for (let at = target; at.options.jump !== undefined;) {
    const { hop, sshArgs } = hopOf(at.options, at.options.jump);
    // Each is told by the one before it.
    at = await reach(services, hop, sshArgs, person);
    const { key } = at.request;
    const isLoop = key === target.request.key || way.some(({ request }) => request.key === key);
    if (isLoop || way.length === MAX_JUMPS) {
      throw SshpoolError.of('JUMP_LOOP', { host: target.options.host, jump: hop.host });
    }
    way.push(at);
  }
  return way;
}

/** The last jump host, in the words that ssh would give to the ssh that it starts for it (ssh.c). */
function hopOf(
  { configFile }: SshOptions,
  { before, user, host, port }: Jump,
): { readonly hop: Target; readonly sshArgs: readonly string[] } {
  const sshArgs = [
    ...(configFile === undefined ? [] : ['-F', configFile]),
    ...(before === '' ? [] : ['-J', before]),
  ];
  const named = { ...(user && { user }), ...(port && { port: Number(port) }) };
  return { hop: { text: host, host, ...named }, sshArgs };
}

/** The socket meant by IdentityAgent or ForwardAgent; "env" is the caller's own key agent. */
function socketOf(choice: AgentChoice, env: Surroundings['env']): string | undefined {
  if (choice.kind === 'path') return choice.path;
  return choice.kind === 'env' ? env['SSH_AUTH_SOCK'] : undefined;
}
