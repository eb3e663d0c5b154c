// @ts-check
/** Starts the relays (relay.js, a process of their own) and measures the round trip through them. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { end } from './processes.js';
import { median } from './statistics.js';

const RELAY = fileURLToPath(new URL('relay.js', import.meta.url));
const ECHOES = 15;

/** The network between the two machines, by the name of the host in ssh_config. */
export const PATHS = {
  loopback: { delayMs: 0 },
  far20: { delayMs: 10 },
  far100: { delayMs: 50 },
  narrow: { delayMs: 10, bytesPerSecond: 2_000_000 },
};

/** @typedef {keyof typeof PATHS} PathName */
/**
 * @typedef Network
 * @property {Record<PathName, number>} ports where the server is reached over each path
 * @property {Record<PathName, number>} roundTrips in ms, as measured
 * @property {() => Promise<void>} stop
 */

const NAMES = /** @type {PathName[]} */ (Object.keys(PATHS));

/** @param {number} serverPort @returns {Promise<Network>} */
export async function startNetwork(serverPort) {
  const echo = createServer({ noDelay: true }, (socket) => {
    socket.on('error', () => socket.destroy());
    socket.pipe(socket);
  });
  await once(echo.listen(0, '127.0.0.1'), 'listening');
  const echoPort = /** @type {import('node:net').AddressInfo} */ (echo.address()).port;
  // On loopback there is no relay.
  const relayed = NAMES.filter((name) => PATHS[name].delayMs > 0);
  const wanted = [serverPort, echoPort].flatMap((target) =>
    relayed.map((name) => ({ target, ...PATHS[name] })),
  );

  const child = spawn(process.execPath, [RELAY, JSON.stringify(wanted)], {
    stdio: ['pipe', 'pipe', 'inherit'],
    detached: true,
  });
  const stop = async () => {
    echo.close();
    if (child.pid !== undefined) await end([child.pid]);
  };
  try {
    const ports = await firstLine(child);
    const portOf = (/** @type {PathName} */ name, /** @type {number} */ direct) => {
      const index = relayed.indexOf(name) + (direct === echoPort ? relayed.length : 0);
      return relayed.includes(name) ? (ports[index] ?? 0) : direct;
    };
    const roundTrips = [];
    for (const name of NAMES) roundTrips.push([name, await roundTrip(portOf(name, echoPort))]);
    echo.close();
    return {
      ports: byName(NAMES.map((name) => [name, portOf(name, serverPort)])),
      roundTrips: byName(roundTrips),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** @param {unknown[][]} entries */
function byName(entries) {
  return /** @type {Record<PathName, number>} */ (Object.fromEntries(entries));
}

/** @param {import('node:child_process').ChildProcessByStdio<any, import('node:stream').Readable, null>} child */
async function firstLine(child) {
  for await (const line of createInterface(child.stdout)) {
    return /** @type {number[]} */ (JSON.parse(line));
  }
  throw new Error('the relays did not start');
}

/** The median time of a byte there and back, in ms. @param {number} port */
async function roundTrip(port) {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  await once(socket, 'connect');
  const times = [];
  for (let i = 0; i <= ECHOES; i += 1) {
    const startedAt = performance.now();
    socket.write('.');
    await once(socket, 'data');
    times.push(performance.now() - startedAt);
  }
  socket.destroy();
  // The first one also waits for the relay's own connection.
  return median(times.slice(1));
}
