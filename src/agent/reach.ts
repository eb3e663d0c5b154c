/**
 * From HOST and ssh's options to a request for the pool: resolves them as ssh would, for this
 * caller, and says how to connect.
 */
import { SshpoolError } from '../base/errors.ts';
import { connectionKey } from '../config/connection-key.ts';
import type { AgentChoice, SshOptions } from '../config/ssh-options.ts';
import { targetArgs, type Target } from '../config/target.ts';
import type { PoolRequest } from '../pool/group.ts';
import { askNobody, type Ask } from '../ssh/prompts.ts';
import type { Services } from './services.ts';

/** What a caller brings along. */
export interface Surroundings {
  readonly cwd: string;
  /** The variables that it sent. */
  readonly env: Readonly<Record<string, string>>;
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
  services: Services,
  target: Target,
  sshArgs: readonly string[],
  caller: Surroundings,
): Promise<Reached> {
  // The agent's own environment for what programs need (PATH, HOME), the caller's over it.
  const env = { ...services.env, ...caller.env };
  const resolved = services.sshConfig.resolve({ target, sshArgs, cwd: caller.cwd, env });
  // The first call loads ssh2 while its ssh -G runs: the agent serves before it has it.
  const [options, links] = await Promise.all([resolved, services.links()]);
  const keyAgent = socketOf(options.identityAgent, caller.env);
  const forwardAgent = socketOf(options.forwardAgent, caller.env);
  const { host: name, user, hostname, port } = options;
  const { clock, settings } = services;
  const key = `${connectionKey(options, keyAgent === undefined ? {} : { keyAgent })} ${forwardAgent ?? ''}`;
  const request: PoolRequest = {
    key,
    label: { target: target.text, name, user, hostname, port },
    forwardAgent,
    // Whose limit on logins under way counts: the first machine that we meet.
    server: options.proxyJump?.split(',')[0] ?? `${hostname}:${port}`,
    connect: (signal, purpose) =>
      links.connect(key, {
        options,
        words: [...sshArgs, ...targetArgs(target)],
        dir: services.paths.dir,
        env,
        cwd: caller.cwd,
        keyAgent,
        // For speed alone nobody is asked, and what there was to say was said at the first connect.
        ask: options.batchMode || purpose === 'speed' ? askNobody : caller.ask,
        note: purpose === 'speed' ? () => undefined : caller.note,
        timeoutMs: options.connectTimeoutMs ?? settings.connectionTimeoutMs,
        signal,
        clock,
      }),
  };
  return { options, request };
}

/** The socket meant by IdentityAgent or ForwardAgent; "env" is the caller's own key agent. */
function socketOf(choice: AgentChoice, env: Surroundings['env']): string | undefined {
  if (choice.kind === 'path') return choice.path;
  return choice.kind === 'env' ? env['SSH_AUTH_SOCK'] : undefined;
}

/** Refuses what would need a terminal, which cannot be had yet. */
export function refuseTerminal(): never {
  throw SshpoolError.of('USAGE', {
    problem: 'terminals (-t) are not supported yet',
    hint: 'use ssh -t HOST CMD, or leave -t out',
  });
}
