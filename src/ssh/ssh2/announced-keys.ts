/** The host keys that a server says it has, beside the one that we know it by, over ssh2. */
import type ssh2 from 'ssh2';
import { protocolOf, type Protocol } from './internals.ts';
import { sendMessage } from './packets.ts';

type OnGlobalRequest = (
  protocol: Protocol,
  name: string,
  wantReply: boolean,
  data: unknown,
) => void;

/** SSH_MSG_IGNORE with nothing in it (RFC 4253 section 11.2). */
const IGNORE = [Buffer.of(2, 0, 0, 0, 0)];

interface AnnouncedKeys {
  readonly keys: readonly Buffer[];
  /** Has the server prove some of them; resolves to those that it could. */
  readonly prove: (keys: readonly Buffer[]) => Promise<readonly Buffer[]>;
}

/**
 * Puts off the server's announcement of its other host keys (hostkeys-00@openssh.com): ssh2 would
 * have the server sign with each of them just when the first commands run, the known ones too. But
 * something is sent at once: until the announcement is acknowledged, the server's TCP holds back what
 * follows it, for 40 ms where nothing goes the other way.
 */
export function putOffHostKeys(
  client: ssh2.Client,
  announced: (announcement: AnnouncedKeys) => void,
): void {
  const protocol = protocolOf(client);
  const original = protocol._handlers['GLOBAL_REQUEST'] as OnGlobalRequest;
  protocol._handlers['GLOBAL_REQUEST'] = ((from, name, wantReply, data) => {
    // OpenSSH wants no reply; who does must get it in its turn, which ssh2 sees to.
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
  }) satisfies OnGlobalRequest;
}
