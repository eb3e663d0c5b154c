/**
 * Servers that behave as switches, routers and appliances do: each closes its connections for a
 * different reason. They are built on the fake server.
 */
import type { Connection } from 'ssh2';
import type { FakeServerOptions } from './fake-server.ts';

/** What a device knows of one of its connections. */
interface Channels {
  /** Sessions that the client opened so far. */
  asked: number;
  /** Sessions that are open, and of these the ones that run a command. */
  open: number;
  readonly running: Set<number>;
  /** Commands that were started so far. */
  used: number;
}

type When = (event: 'open' | 'close' | 'waited', channels: Channels) => boolean;

/** The shortest time after which a device closes a session without a command. */
const PATIENCE_MS = 1000;

/** Closes a connection when `when` returns true. */
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
        // Data on its way to the client arrives before the connection closes.
        setImmediate(() => tell('close'));
      });
    },
  };
}

type Handler = (protocol: unknown, channel: number, type?: string, ...more: unknown[]) => void;

/** Calls `then` after the message's own handler; ssh2 has no event for it. */
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

/** Devices with which sequential calls succeed, as with ssh. */
export const DEVICES: Readonly<Record<string, Partial<FakeServerOptions>>> = {
  'closes TCP after one exec': endsWhen((event, { used }) => event === 'close' && used > 0),
  'ends at a second session': endsWhen((event, { asked }) => event === 'open' && asked > 1),
  'ends at a second session at a time': endsWhen((event, { open }) => event === 'open' && open > 1),
  'ends at a session that waits for its command': endsWhen(
    (event, { open, running }) => event === 'waited' && open > running.size,
  ),
  'ends when any session is closed': endsWhen((event) => event === 'close'),
  'ends when its last session is closed': endsWhen(
    (event, { open }) => event === 'close' && open === 0,
  ),
  'answers no request that it does not know': {
    onRequest: (type) => (['env', 'exec'].includes(type) ? 'accept' : 'stall'),
  },
  'is slow': { delayMs: 100 },
};

/** Sends no exit status for a command. */
export const NO_STATUS: Partial<FakeServerOptions> = {
  onConnection: (connection) => {
    const internals = connection as unknown as { _protocol: { exitStatus: () => void } };
    internals._protocol.exitStatus = () => undefined;
  },
};

/** Accepts one connection at a time. */
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
