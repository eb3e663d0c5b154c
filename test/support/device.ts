/**
 * Servers as switches, routers and appliances have them: each ends its connections for a reason of
 * its own, on top of the fake server.
 */
import type { Connection } from 'ssh2';
import type { FakeServerOptions } from './fake-server.ts';

/** What a device sees of one of its connections. */
interface Channels {
  /** Sessions that were ever asked for. */
  asked: number;
  /** Those that are open, and those of them that were given a command. */
  open: number;
  readonly running: Set<number>;
  /** Commands that were ever given. */
  used: number;
}

type When = (event: 'open' | 'close' | 'waited', channels: Channels) => boolean;

/** How long a session may wait for its command at the most impatient device. */
const PATIENCE_MS = 400;

/** Ends a connection when `when` says so. */
function endsWhen(when: When): Partial<FakeServerOptions> {
  return {
    onConnection: (connection, hangUp) => {
      const channels: Channels = { asked: 0, open: 0, running: new Set(), used: 0 };
      const timers = new Set<NodeJS.Timeout>();
      const tell = (event: Parameters<When>[0]): void => {
        if (when(event, channels)) hangUp();
      };
      connection.once('close', () => timers.forEach((timer) => clearTimeout(timer)));
      connection.on('session', () => {
        channels.open += 1;
        channels.asked += 1;
        tell('open');
        timers.add(setTimeout(() => tell('waited'), PATIENCE_MS));
      });
      onMessage(connection, 'CHANNEL_REQUEST', (channel, type) => {
        if (type !== 'exec') return;
        channels.running.add(channel);
        channels.used += 1;
      });
      onMessage(connection, 'CHANNEL_CLOSE', (channel) => {
        channels.open -= 1;
        channels.running.delete(channel);
        // What is under way to the client arrives before the end.
        setImmediate(() => tell('close'));
      });
    },
  };
}

type Handler = (protocol: unknown, channel: number, type?: string, ...more: unknown[]) => void;

/** Calls `then` behind the handler of a message; ssh2 has no event for it. */
function onMessage(
  connection: Connection,
  name: string,
  then: (channel: number, type?: string) => void,
): void {
  const internals = connection as unknown as {
    readonly _protocol: { readonly _handlers: Record<string, Handler> };
  };
  const handlers = internals._protocol._handlers;
  const stock = handlers[name];
  handlers[name] = (protocol, channel, type, ...more) => {
    stock?.(protocol, channel, type, ...more);
    then(channel, type);
  };
}

/** Those that every call gets through, one after the other, as with ssh. */
export const DEVICES: Readonly<Record<string, Partial<FakeServerOptions>>> = {
  'closes TCP after one exec': endsWhen((event, { used }) => event === 'close' && used > 0),
  'ends at a second session': endsWhen((event, { asked }) => event === 'open' && asked > 1),
  'ends at a second session at a time': endsWhen((event, { open }) => event === 'open' && open > 1),
  'ends at a session that waits for its command': endsWhen(
    (event, { open, running }) => event === 'waited' && open > running.size,
  ),
  'ends when any session is closed': endsWhen((event) => event === 'close'),
  'answers no request that it does not know': {
    onRequest: (type) => (['env', 'exec'].includes(type) ? 'accept' : 'stall'),
  },
  'is slow': { delayMs: 100 },
};

/** Gives a command no status. */
export const NO_STATUS: Partial<FakeServerOptions> = {
  onConnection: (connection) => {
    const internals = connection as unknown as { _protocol: { exitStatus: () => void } };
    internals._protocol.exitStatus = () => undefined;
  },
};

/** Takes no connection beside another. */
export function oneAtATime(): Partial<FakeServerOptions> {
  let isTaken = false;
  return {
    onConnection: (connection, hangUp) => {
      if (isTaken) return hangUp();
      isTaken = true;
      connection.once('close', () => (isTaken = false));
    },
  };
}
