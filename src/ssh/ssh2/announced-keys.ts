/** The other host keys that a server announces, over ssh2. */
import type ssh2 from 'ssh2';
import { protocolOf, wrapGlobalRequests } from './protocol.ts';
import { sendMessage } from './packets.ts';

/** SSH_MSG_IGNORE with nothing in it (RFC 4253 section 11.2). */
const IGNORE = [Buffer.of(2, 0, 0, 0, 0)];

interface AnnouncedKeys {
  readonly keys: readonly Buffer[];
  readonly prove: (keys: readonly Buffer[]) => Promise<readonly Buffer[]>;
}

/**
 * Delays ssh2's answer to hostkeys-00@openssh.com: the server would have to sign with each key just when the
 * first commands run. IGNORE makes TCP acknowledge at once: else the server's TCP holds data back for 40 ms.
 */
export function putOffHostKeys(
  client: ssh2.Client,
  announced: (announcement: AnnouncedKeys) => void,
): void {
  const protocol = protocolOf(client);
  wrapGlobalRequests(protocol, (original) => (from, name, wantReply, data) => {
    // OpenSSH wants no reply. A server that wants one must get it in order; ssh2 does that.
    if (name !== 'hostkeys-00@openssh.com' || wantReply) {
      return original(from, name, wantReply, data);
    }
    sendMessage(from, IGNORE);
    const keys = data as readonly ssh2.ParsedKey[];
    announced({
      keys: keys.map((key) => key.getPublicSSH()),
      prove: (wanted) =>
        new Promise((resolve) => {
          client.once('hostkeys', (proven) => resolve(proven.map((key) => key.getPublicSSH())));
          const some = keys.filter((key) => wanted.some((one) => one.equals(key.getPublicSSH())));
          original(from, name, false, some);
        }),
    });
  });
}
