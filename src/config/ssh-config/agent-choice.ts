/** The key agent that an option names. */
import { expandTilde, type TokenContext } from './tokens.ts';

export type AgentChoice =
  | { readonly kind: 'env' }
  | { readonly kind: 'none' }
  | { readonly kind: 'path'; readonly path: string };

interface Context extends Pick<TokenContext, 'env' | 'account'> {
  readonly cwd: string;
}

/** IdentityAgent: SSH_AUTH_SOCK, none, $VARIABLE, or a path. ssh has expanded all but $VARIABLE. */
export function agentChoice(value: string, { env, account, cwd }: Context): AgentChoice {
  if (value === 'SSH_AUTH_SOCK') return { kind: 'env' };
  if (value === 'none') return { kind: 'none' };
  if (!value.startsWith('$')) return { kind: 'path', path: expandTilde(value, account, cwd) };
  const socket = env[value.slice(1)];
  return socket ? { kind: 'path', path: socket } : { kind: 'none' };
}

/** ForwardAgent: no, yes (the caller's own), $VARIABLE, or a path. */
export function forwardChoice(value: string | undefined, asked: Context): AgentChoice {
  if (value === undefined || value === 'no' || value === 'false') return { kind: 'none' };
  return value === 'yes' || value === 'true' ? { kind: 'env' } : agentChoice(value, asked);
}
