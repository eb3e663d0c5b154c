/** A ping where there is no session to ask on. */
import type { Channel, ChannelEvents } from '../ssh/channel/channel.ts';
import type { Channels } from '../ssh/channel/channels.ts';

/**
 * Asks the server for any answer: it refuses a channel of a type that it does not know (RFC 4254
 * section 5.1), and no place for a session is taken meanwhile.
 */
export function ping(channels: Channels): void {
  const events: ChannelEvents = {
    onOpen: () => channel.close(),
    onRefused: () => undefined,
    onData: () => undefined,
    onStderr: () => undefined,
    onEof: () => undefined,
    onWindow: () => undefined,
    onRequest: () => false,
    onClose: () => undefined,
  };
  const channel: Channel = channels.open('ping@sshpool', Buffer.alloc(0), events);
}
