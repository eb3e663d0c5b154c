/** The other host keys that a server announces, over ssh2. */
import type ssh2 from 'ssh2';
import { protocolOf, wrapGlobalRequests } from './protocol.ts';
import { sendMessage } from './packets.ts';

/** SSH_MSG_IGNORE with nothing in it (RFC 4253 section 11.2). */
const IGNORE = [Buffer.of(2, 0, 0, 0, 0)];

interface AnnouncedKeys {
  readonly keys: readonly Buffer[];
  /** Asks the server to prove that it holds these keys; resolves to those that it proved. */
  readonly prove: (keys: readonly Buffer[]) => Promise<readonly Buffer[]>;
}

/**
 * Delays the handling of the server's announcement of its other host keys (hostkeys-00@openssh.com): ssh2
 * would make the server sign with each of them, known ones too, just when the first commands run.
 * SSH_MSG_IGNORE is sent at once: until TCP acknowledges the announcement, the server's TCP holds back what
 * follows, for 40 ms if nothing is sent to it.
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
