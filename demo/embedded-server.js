// @ts-check
/**
 * A small SSH server on loopback with throw-away keys, made with ssh2. It runs the commands of every
 * client with its one key as the current user: for the demo, and for the fault injection of the tests.
 */
import { createServer } from 'node:net';
import ssh2 from 'ssh2';
import { answerLikeSshd, runCommand } from './remote-command.js';

/** @typedef {{ private: string, public: string }} KeyPair in OpenSSH's formats */

/**
 * @typedef {object} Faults
 * @property {() => 'accept' | 'refuse' | 'stall'} [onSession] decides about a requested session
 * @property {(type: string, detail: string) => 'accept' | 'refuse' | 'stall'} [onRequest] decides
 *   about a request in a session: env, exec, signal, or any other by its name
 * @property {import('ssh2').Algorithms} [algorithms]
 * @property {string} [ident] its version
 * @property {(connection: ssh2.Connection, hangUp: () => void) => void} [onConnection] called for each;
 *   `hangUp` closes it without a message
 */

/**
 * @typedef {object} EmbeddedServer
 * @property {number} port on 127.0.0.1
 * @property {string} hostKey its public key, as known_hosts has it after the name
 * @property {KeyPair} userKey the only key it lets in
 * @property {() => Promise<void>} close ends it with its connections and their commands
 */

/**
 * @param {Faults} [faults]
 * @returns {Promise<EmbeddedServer>}
 */
export async function startEmbeddedServer(faults = {}) {
  const [hostKey, userKey] = [generateKey(), generateKey()];
  const ssh = new ssh2.Server(
    {
      hostKeys: [hostKey.private],
      ...(faults.algorithms ? { algorithms: faults.algorithms } : {}),
      ...(faults.ident ? { ident: faults.ident } : {}),
    },
    (connection, { port: of }) => {
      serve(connection, userKey, faults);
      const socket = [...sockets].find(({ remotePort }) => remotePort === of);
      faults.onConnection?.(connection, () => socket?.end());
    },
  );
  /** @type {Set<import('node:net').Socket>} */
  const sockets = new Set();
  // The sockets of ssh2's own server cannot be closed from outside.
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    ssh.injectSocket(socket);
  });
  const port = await listen(server);
  return {
    port,
    userKey,
    hostKey: hostKey.public,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

/** @returns {KeyPair} */
export function generateKey() {
  for (;;) {
    const { private: privateKey, public: publicKey } = ssh2.utils.generateKeyPairSync('ed25519');
    // About one in three hundred is malformed (ssh2 1.17.0).
    if (!(ssh2.utils.parseKey(privateKey) instanceof Error)) {
      return { private: privateKey, public: publicKey };
    }
  }
}

/**
 * @param {import('node:net').Server} server
 * @returns {Promise<number>}
 */
function listen(server) {
  return new Promise((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : 0);
    });
  });
}

/**
 * @param {ssh2.Connection} connection
 * @param {KeyPair} userKey
 * @param {Faults} faults
 */
function serve(connection, userKey, faults) {
  const decide = { session: faults.onSession ?? accept, request: faults.onRequest ?? accept };
  // A client may disconnect at any time; 'close' follows and does the clean-up.
  connection.on('error', () => undefined);
  connection.on('authentication', (context) => authenticate(context, userKey));
  connection.on('session', (acceptSession, reject) => {
    const decision = decide.session();
    if (decision === 'refuse') reject();
    if (decision === 'accept') serveSession(acceptSession(), decide.request);
  });
  answerLikeSshd(connection, decide.request);
}

const accept = () => /** @type {const} */ ('accept');

/**
 * @param {ssh2.AuthContext} context
 * @param {KeyPair} userKey
 */
function authenticate(context, userKey) {
  const key = ssh2.utils.parseKey(userKey.public);
  if (context.method !== 'publickey' || key instanceof Error) return context.reject(['publickey']);
  const same = key.getPublicSSH().equals(context.key.data);
  const { blob, signature, hashAlgo } = context;
  // Without a signature the client only asks whether this key is acceptable (RFC 4252 section 7).
  const proven = !blob || !signature || key.verify(blob, signature, hashAlgo);
  return same && proven ? context.accept() : context.reject(['publickey']);
}

/**
 * @param {ssh2.Session} session
 * @param {(type: string, detail: string) => 'accept' | 'refuse' | 'stall'} decide
 */
function serveSession(session, decide) {
  /** @type {Record<string, string>} */
  const env = {};
  // `accept` and `reject` are there only if the client wants a reply.
  session.on('env', (acceptEnv, reject, { key, val }) => {
    const decision = decide('env', `${key}=${val}`);
    if (decision === 'refuse') reject?.();
    if (decision !== 'accept') return;
    env[key] = val;
    acceptEnv?.();
  });
  session.on('exec', (acceptExec, reject, { command }) => {
    const decision = decide('exec', command);
    if (decision === 'refuse') reject?.();
    if (decision === 'accept') runCommand(session, acceptExec(), command, env);
  });
  session.on('shell', (acceptShell, reject) => {
    const decision = decide('shell', '');
    if (decision === 'refuse') reject?.();
    if (decision === 'accept') runCommand(session, acceptShell(), 'exec /bin/sh', env);
  });
}
