/** The agent's methods besides running commands, and their results. */
import { SshpoolError } from '../base/errors.ts';
import type { LogLevel } from '../base/log.ts';
import { parseTargets } from '../config/command-line/exec-args.ts';
import type { Settings } from '../config/settings/settings.ts';
import { wayOf } from '../config/ssh-config/options.ts';
import { parseTarget, type Target } from '../config/command-line/target.ts';
import type { Label } from '../pool/connection/context.ts';
import type { Match } from '../pool/pool.ts';
import type { Totals } from '../pool/stats.ts';
import type { ConnectionRow } from '../pool/connection/stats-row.ts';
import { reach, type CallerContext } from '../reach/reach.ts';
import { refuseElsewhere } from './elsewhere.ts';
import { PROTOCOL } from '../wire/protocol.ts';
import type { MethodName, MethodParams } from './method-params.ts';
import type { Services } from './services.ts';

export interface AgentFacts {
  readonly pid: number;
  readonly version: string;
  readonly protocol: number;
  readonly uptimeMs: number;
  readonly rssBytes: number;
  /** JavaScript objects, garbage included. */
  readonly heapBytes: number;
  readonly socket: string;
}

export interface AgentStatus extends AgentFacts {
  readonly log: string;
  /** Log lines that could not be written, for example because the disk is full. */
  readonly logLinesDropped: number;
  readonly unexpectedErrors: number;
  readonly settings: Settings;
}

/** What `sshpool stats --json` prints. */
export interface AgentStats extends AgentFacts {
  readonly totals: Totals;
  readonly connections: readonly ConnectionRow[];
}

export interface Warmed {
  readonly target: string;
  readonly reused: boolean;
  readonly connectMs: number;
  /** Why the host could not be reached, and the error's code; null if it was. */
  readonly error: string | null;
  readonly code: string | null;
}

export interface MethodResults {
  status: AgentStatus;
  stats: AgentStats;
  close: { readonly closed: readonly ConnectionRow[] };
  warm: { readonly warmed: readonly Warmed[] };
  stop: { readonly pid: number };
  'log-level': { readonly level: LogLevel };
}

type CallerSide = Pick<CallerContext, 'ask' | 'note' | 'environment'>;
type Handlers = {
  [M in MethodName]: (
    services: Services,
    params: MethodParams<M>,
    caller: CallerSide,
  ) => MethodResults[M] | Promise<MethodResults[M]>;
};

const HANDLERS: Handlers = {
  status: (services) => {
    const { paths, log } = services;
    const settings = { ...services.settings, log: log.level };
    const { dropped: logLinesDropped, faults: unexpectedErrors } = services.log.counts;
    return { ...facts(services), log: paths.log, logLinesDropped, unexpectedErrors, settings };
  },
  stats: async (services, { target }) => ({
    ...facts(services),
    ...services.pool.stats(target === null ? undefined : await meantBy(target, services)),
  }),
  close: async (services, { target, force }) => {
    const match = target === null ? () => true : await meantBy(target, services);
    return { closed: await services.pool.close(match, { force }) };
  },
  warm: async (services, { argv, cwd, env, place }, caller) => {
    refuseElsewhere(services.place, place);
    const { targets, sshArgs } = parseTargets(argv.map((word) => Buffer.from(word)));
    const context = { ...caller, cwd, env: parseEnv(env) };
    const warm = (target: Target): Promise<Warmed> => warmOne(services, target, sshArgs, context);
    return { warmed: await Promise.all(targets.map(warm)) };
  },
  stop: (services, { force }) => {
    services.stop({ force });
    return { pid: process.pid };
  },
  'log-level': ({ log }, { level }) => {
    if (level !== null) log.level = level;
    return { level: log.level };
  },
};

/** Runs a method. @throws SshpoolError PROTOCOL for an unknown method or bad parameters */
export async function callMethod(
  services: Services,
  method: string,
  params: string,
  caller: CallerSide,
): Promise<unknown> {
  if (!isMethod(method)) {
    throw SshpoolError.of('PROTOCOL', { problem: `there is no method ${method}` });
  }
  return dispatch(services, method, params, caller);
}

async function dispatch<M extends MethodName>(
  services: Services,
  method: M,
  params: string,
  caller: CallerSide,
): Promise<MethodResults[M]> {
  // Imported here because the schemas load slowly: the agent serves its first caller before.
  const { readParams } = await import('./method-params.ts');
  return HANDLERS[method](services, readParams(method, params), caller);
}

function isMethod(name: string): name is MethodName {
  return Object.hasOwn(HANDLERS, name);
}

/** NAME=VALUE lines as a record. */
export function parseEnv(lines: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    lines.map((line) => {
      const at = line.indexOf('=');
      return [line.slice(0, at), line.slice(at + 1)];
    }),
  );
}

function facts({ clock, version, startedAt, paths }: Services): AgentFacts {
  return {
    pid: process.pid,
    version,
    protocol: PROTOCOL,
    uptimeMs: Math.round(clock.monotonic() - startedAt),
    ...memory(),
    socket: paths.socket,
  };
}

function memory(): Pick<AgentFacts, 'rssBytes' | 'heapBytes'> {
  const { rss, heapUsed } = process.memoryUsage();
  return { rssBytes: rss, heapBytes: heapUsed };
}

/** `text`: HOST as typed before, the alias, name and port as messages show them, or the resolved name. */
function matching(text: string): Match {
  const { host, user, port } = parseTarget(text);
  return (label: Label) => {
    if (label.target === text || `${label.name}:${label.port}` === text) return true;
    const sameHost = host === label.name || host === label.hostname;
    return sameHost && (user ?? label.user) === label.user && (port ?? label.port) === label.port;
  };
}

/** The same, and the connections of other aliases of the same host. */
async function meantBy(text: string, { sshConfig, env }: Services): Promise<Match> {
  const named = matching(text);
  const question = { target: parseTarget(text), sshArgs: [], cwd: '/', env };
  // A name that ssh cannot resolve has no connection under another alias.
  const options = await sshConfig.resolve(question).catch(() => undefined);
  const isSame = ({ hostname, port, user, way }: Label): boolean =>
    hostname === options?.hostname &&
    port === options.port &&
    user === options.user &&
    way === wayOf(options);
  return (label, key) => named(label, key) || isSame(label);
}

async function warmOne(
  services: Services,
  target: Target,
  sshArgs: readonly string[],
  caller: CallerContext,
): Promise<Warmed> {
  try {
    const { request } = await reach(services, { target, sshArgs }, caller);
    const lease = await services.pool.acquire(request, new AbortController().signal);
    lease.session.close();
    const { reused, connectMs } = lease;
    return {
      target: target.text,
      reused,
      connectMs: Math.round(connectMs),
      error: null,
      code: null,
    };
  } catch (thrown) {
    const { message, code } = SshpoolError.from(thrown);
    return { target: target.text, reused: false, connectMs: 0, error: message, code };
  }
}
