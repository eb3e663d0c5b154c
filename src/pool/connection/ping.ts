/** A ping for a connection without a session to send it on. */
import type { Channel, ChannelEvents } from '../../ssh/channel/channel.ts';
import type { Channels } from '../../ssh/channel/channels.ts';

/** The server refuses a channel of an unknown type (RFC 4254 section 5.1); this takes no session slot. */
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
  const channel: Channel = channels.create('ping@sshpool', Buffer.alloc(0), events);
  channel.open();
}
