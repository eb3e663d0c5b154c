/**
 * What we use of ssh2, in one place: the parts of its client, and the internals that our own
 * session layer needs. They are reached by their files, which are not public, so the version of
 * ssh2 is pinned and test/unit/ssh/ssh2/contract.test.ts fails loudly when one of them changes.
 */
import { createRequire } from 'node:module';
import type ssh2 from 'ssh2';
import { loadBcrypt } from '../keys/bcrypt.ts';
import { FIRST_CHANNEL_MESSAGE, LAST_CHANNEL_MESSAGE } from '../channel/messages.ts';
import {
  FIRST_AUTH_MESSAGE,
  LAST_AUTH_MESSAGE,
  USERAUTH_SUCCESS,
} from '../login/userauth-messages.ts';

interface PacketWriter {
  readonly allocStart: number;
  alloc(bytes: number): Buffer;
  finalize(packet: Buffer): Buffer;
}

type Handler = (protocol: Protocol, payload: Buffer) => unknown;

export interface Protocol {
  readonly _packetRW: { readonly write: PacketWriter };
  readonly _cipher: object;
  /** The server's first line (RFC 4253 section 4.2); undefined until it has come. */
  _remoteIdentRaw: Buffer | undefined;
  /** `_packet` is what has come of a packet, which may be all but its authentication. */
  readonly _decipher: {
    _packet: Uint8Array | null;
    /** Takes the payload of each packet. */
    _onPayload: (payload: Buffer) => number | false | undefined;
  };
  /** Of the last key exchange; the identifier is that of the first (RFC 4253 section 7.2). */
  readonly _kex: {
    readonly sessionID: Buffer;
    /** The server takes EXT_INFO (ext-info-s, RFC 8308 section 2.1). */
    readonly remoteExtInfoEnabled?: boolean;
    parse(payload: Buffer): unknown;
  };
  readonly _handlers: Record<string, unknown>;
  /** What we offer in a key exchange; undefined where none is under way. */
  readonly _kexinit: Buffer | undefined;
  /** Takes bytes of the server; ssh2 replaces it after a fatal error. */
  parse: (chunk: Buffer, from: number, to: number) => void;
  /** Reads from one place on; returns where it stopped, or undefined where it read all. */
  readonly _parse: (chunk: Buffer, from: number, to: number) => number | undefined;
  /** Takes the payload of each packet outside of a key exchange; `false` stops after it. */
  _onPayload: (payload: Buffer) => number | false | undefined;
  /** Begins a key exchange, unless one is under way. */
  rekey(): void;
  /** Sends keepalive@openssh.com, which wants a reply. */
  ping(): void;
}

export interface Supported {
  readonly kex: readonly string[];
  readonly serverHostKey: readonly string[];
  readonly cipher: readonly string[];
  readonly hmac: readonly string[];
  readonly compress: readonly string[];
}

const require = createRequire(import.meta.url);

loadBcrypt(import.meta.url);
// The main module of ssh2 would also load its server and its key generator: a quarter more time,
// of which the first connection waits for every millisecond.
export const Client = require('ssh2/lib/client.js') as typeof ssh2.Client;

const handlers = require('ssh2/lib/protocol/handlers.js') as (Handler | undefined)[];
const constants = require('ssh2/lib/protocol/constants.js') as Record<string, readonly string[]>;

/** The algorithms that this ssh2, on this machine, can negotiate. */
export const SUPPORTED: Supported = {
  // Node tests the group that a server sends, for up to half a minute, in which nothing else runs:
  // servers with nothing better are left to OpenSSH.
  kex: (constants['SUPPORTED_KEX'] ?? []).filter((name) => !name.includes('group-exchange')),
  serverHostKey: constants['SUPPORTED_SERVER_HOST_KEY'] ?? [],
  cipher: constants['SUPPORTED_CIPHER'] ?? [],
  hmac: constants['SUPPORTED_MAC'] ?? [],
  compress: constants['SUPPORTED_COMPRESSION'] ?? [],
};

/** Gets the payload, and what ssh2 itself would make of the message. */
type Route = (payload: Buffer, original: () => unknown) => void;

/** Who takes the messages of a client; others (ssh2's own Server) go on as before. */
function routed(first: number, last: number): WeakMap<Protocol, Route> {
  const routes = new WeakMap<Protocol, Route>();
  for (let number = first; number <= last; number++) {
    const original = handlers[number];
    handlers[number] = (protocol, payload) => {
      const route = routes.get(protocol);
      if (route === undefined) return original?.(protocol, payload);
      route(payload, () => original?.(protocol, payload));
      return undefined;
    };
  }
  return routes;
}

/** What is asked before a global request is read; false drops it. */
const globalFilters = new WeakMap<Protocol, (payload: Buffer) => boolean>();
/** RFC 4254 section 4. */
const GLOBAL_REQUEST = 80;

/** `filter` sees each global request before ssh2 reads and answers it; false drops it. */
export function filterGlobalRequests(
  protocol: Protocol,
  filter: (payload: Buffer) => boolean,
): void {
  globalFilters.set(protocol, filter);
}

const onGlobalRequest = handlers[GLOBAL_REQUEST];
handlers[GLOBAL_REQUEST] = (protocol, payload) =>
  globalFilters.get(protocol)?.(payload) === false
    ? undefined
    : onGlobalRequest?.(protocol, payload);

const channelRoutes = routed(FIRST_CHANNEL_MESSAGE, LAST_CHANNEL_MESSAGE);
const authRoutes = routed(FIRST_AUTH_MESSAGE, LAST_AUTH_MESSAGE);

/** Connections whose host key is not verified yet: what ends each that does not wait for it. */
const guards = new WeakMap<Protocol, () => void>();
/** The start of a key exchange (RFC 4253 section 7.1). What follows in it passes the handlers by. */
const KEXINIT = 20;

/**
 * Calls `heard` with the server's first KEXINIT, before ssh2 looks for what there is in common. For a
 * protocol that has read the identification, and no more.
 */
export function onFirstKexinit(
  { _decipher: decipher }: Protocol,
  heard: (kexinit: Buffer) => void,
): void {
  const pass = decipher._onPayload;
  decipher._onPayload = (payload) => {
    if (payload[0] === KEXINIT) heard(Buffer.from(payload));
    return pass(payload);
  };
}

/** A payload lies where the next chunk will (base/shared-reads), and ssh2 keeps parts of some. */
function keeping(handler: Handler, number: number): Handler {
  return (protocol, payload) => {
    const result = handler(protocol, Buffer.from(payload));
    if (number === KEXINIT) {
      const kex = protocol._kex;
      const parse = kex.parse.bind(kex);
      kex.parse = (following) => parse(Buffer.from(following));
    }
    return result;
  };
}

/** The server lets the login begin (RFC 4253 section 10). What follows has the numbers from 50. */
const SERVICE_ACCEPT = 6;

for (const number of handlers.keys()) {
  const original = handlers[number];
  if (!original) continue;
  const isChannels = number >= FIRST_CHANNEL_MESSAGE && number <= LAST_CHANNEL_MESSAGE;
  const guarded = isChannels ? original : keeping(original, number);
  handlers[number] = guarded;
  if (number !== SERVICE_ACCEPT && number < FIRST_AUTH_MESSAGE) continue;
  handlers[number] = (protocol, payload) => {
    const end = guards.get(protocol);
    return end === undefined ? guarded(protocol, payload) : end();
  };
}

/** The protocol of a client on which connect() was called. */
export function protocolOf(client: ssh2.Client): Protocol {
  return (client as unknown as { readonly _protocol: Protocol })._protocol;
}

/**
 * Lets nothing of a login in, and nothing that comes after one, until the function returned is
 * called; `end` is called for a server that sends it all the same. ssh2 reads on as soon as the
 * server has sent its NEWKEYS, also while its host key is still being looked at: a stranger could
 * say that we are logged in, and be sent commands, in clear.
 */
export function guardUntilVerified(protocol: Protocol, end: () => void): () => void {
  guards.set(protocol, end);
  return () => void guards.delete(protocol);
}

/** From now on messages 90 to 100 of this connection go to `route` and not to ssh2's channels. */
export function takeChannelMessages(protocol: Protocol, route: (payload: Buffer) => void): void {
  channelRoutes.set(protocol, route);
}

/**
 * After ssh2 has read a chunk whose memory is written over: the begun packet that lies in it gets
 * memory of its own.
 */
export function keepBegunPacket(
  { _decipher: decipher }: { readonly _decipher: Pick<Protocol['_decipher'], '_packet'> },
  chunk: Buffer,
): void {
  const begun = decipher._packet;
  if (begun?.buffer === chunk.buffer) decipher._packet = Buffer.from(begun);
}

const sigAlgs = new WeakMap<Protocol, readonly string[]>();

type OnService = (protocol: Protocol, name: string) => void;
type OnExtensions = (
  protocol: Protocol,
  extensions: readonly { readonly name: string; readonly algs?: readonly string[] }[],
) => void;

/**
 * The login is ours and not ssh2's: `onAccepted` is called when the server has accepted the service,
 * and messages 50 to 79 go to `route`. Success is told to ssh2 as well, where `route` says that it
 * was asked for.
 */
export function takeLogin(
  protocol: Protocol,
  onAccepted: () => void,
  route: (payload: Buffer) => boolean,
): void {
  let hasStarted = false;
  protocol._handlers['SERVICE_ACCEPT'] = ((_, name) => {
    if (name !== 'ssh-userauth' || hasStarted) return;
    hasStarted = true;
    onAccepted();
  }) satisfies OnService;
  protocol._handlers['EXT_INFO'] = ((_, extensions) => {
    const found = extensions.find(({ name }) => name === 'server-sig-algs')?.algs;
    if (found) sigAlgs.set(protocol, found);
  }) satisfies OnExtensions;
  authRoutes.set(protocol, (payload, original) => {
    const isAsked = route(payload);
    if (isAsked && payload[0] === USERAUTH_SUCCESS) original();
  });
}

/** What the server said that it can verify (RFC 8308 section 3.1); undefined where it did not. */
export function serverSigAlgsOf(protocol: Protocol): readonly string[] | undefined {
  return sigAlgs.get(protocol);
}

/** Whether the server would read extensions of ours. */
export function takesExtensions({ _kex: { remoteExtInfoEnabled } }: Protocol): boolean {
  return remoteExtInfoEnabled === true;
}

/** The server's name for its software, such as `OpenSSH_9.2p1`; empty where it has said nothing. */
export function softwareOf({ _remoteIdentRaw: line }: Protocol): string {
  return line?.toString('latin1').split('-').slice(2).join('-') ?? '';
}

export function sessionIdOf(protocol: Protocol): Buffer {
  return protocol._kex.sessionID;
}

/** Characters of a debugging message that are looked at: sshd's own have 1024 at most (log.c). */
const MAX_DEBUG = 1024;

/** Calls `heard` with each debugging message of the server (RFC 4253 section 11.3). */
export function onServerDebug(protocol: Protocol, heard: (text: string) => void): void {
  protocol._handlers['DEBUG'] = (_: Protocol, _display: boolean, text: string) =>
    heard(text.slice(0, MAX_DEBUG));
}

/**
 * Asks the server for any answer (a global request that it does not know). ssh2 itself would do so by
 * a timer that keeps the process alive.
 */
export function askForSign(client: ssh2.Client, protocol: Protocol, onSign: () => void): void {
  // Replies come in the order of the requests, ours among those of ssh2.
  (client as unknown as { readonly _callbacks: (() => void)[] })._callbacks.push(onSign);
  protocol.ping();
}
