/** The server and the hosts that the rows name. */
import { freePort } from '../support/port.ts';
import type { Sandbox } from '../support/sandbox.ts';
import type { Sshd, SshdOptions } from '../support/sshd.ts';

export const SERVER_OPTIONS = {
  AcceptEnv: 'FID_* LANG LC_*',
  // Many rows log in at once, and some leave commands behind.
  MaxStartups: '50',
  MaxSessions: '20',
} satisfies SshdOptions['options'];

/** Beside `box`: one where nobody listens, one that lets nobody in, one that is not known. */
export async function makeConfig(sandbox: Sandbox, sshd: Sshd): Promise<string> {
  const nobody = await freePort();
  const { port, user, knownHosts } = sshd;
  const at = (name: string, ...lines: string[]): string =>
    [`Host ${name}`, 'HostName 127.0.0.1', `User ${user}`, ...lines].join('\n  ');
  const known = [`UserKnownHostsFile ${knownHosts}`, 'GlobalKnownHostsFile /dev/null'];
  const unknown = ['UserKnownHostsFile /dev/null', 'GlobalKnownHostsFile /dev/null'];
  return sshd.config(
    [
      at('nobody', `Port ${nobody}`),
      at('keyless', `Port ${port}`, ...known, 'PubkeyAuthentication no'),
      at('stranger', `Port ${port}`, ...unknown, 'BatchMode yes'),
    ].join('\n'),
  );
}
