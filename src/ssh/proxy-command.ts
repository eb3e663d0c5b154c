/**
 * The command that leads to a host which is not reached directly: ProxyCommand as it stands, and
 * ProxyJump as the `ssh -W` that ssh itself makes of it, so that each hop is verified and logged
 * into by ssh.
 */
import type { SshOptions } from '../config/ssh-options.ts';

/** The command line for the proxy, or undefined where the host is reached directly. */
export function proxyCommandLine(options: SshOptions): string | undefined {
  return jumpCommand(options) ?? options.proxyCommand;
}

/** `ssh -W` through the last hop, the hops before it as its own -J (as ssh.c does). */
function jumpCommand({ hostname, port, configFile, jump }: SshOptions): string | undefined {
  if (jump === undefined) return undefined;
  const words = ['ssh'];
  if (configFile !== undefined) words.push('-F', configFile);
  // Not as ssh://USER@HOST:PORT: ssh refuses an IPv6 address there.
  if (jump.user !== undefined) words.push('-l', jump.user);
  if (jump.port !== undefined) words.push('-p', jump.port);
  if (jump.before !== '') words.push('-J', jump.before);
  words.push('-W', `[${hostname}]:${port}`, '--', jump.host);
  return words.map(quote).join(' ');
}

function quote(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
