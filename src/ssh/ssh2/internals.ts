/**
 * All that sshpool uses of ssh2: the parts of its client, and the internals that sshpool's own session layer
 * needs. They are imported from files that are not public, so the version of ssh2 is pinned and
 * test/unit/ssh/ssh2/contract.test.ts fails when one of them changes.
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
  /** The server's identification (RFC 4253 section 4.2); undefined until it was received. */
  _remoteIdentRaw: Buffer | undefined;
  /** `_packet` is the received part of a packet, which may be all but its MAC. */
  readonly _decipher: {
    _packet: Uint8Array | null;
    /** Takes the payload of each packet. */
    _onPayload: (payload: Buffer) => number | false | undefined;
  };
  /** Of the last key exchange; the identifier is that of the first (RFC 4253 section 7.2). */
  readonly _kex: {
    readonly sessionID: Buffer;
    /** The server accepts EXT_INFO (ext-info-s, RFC 8308 section 2.1). */
    readonly remoteExtInfoEnabled?: boolean;
    parse(payload: Buffer): unknown;
  };
  readonly _handlers: Record<string, unknown>;
  /** The client's KEXINIT; undefined if no key exchange is under way. */
  readonly _kexinit: Buffer | undefined;
  /** Parses bytes of the server; ssh2 replaces it after a fatal error. */
  parse: (chunk: Buffer, from: number, to: number) => void;
  /** Parses from an offset on; returns the offset where it stopped, or undefined if it parsed all. */
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
// The main module of ssh2 would also load its server and its key generator: that takes a quarter longer, and
// the first connection waits for it.
export const Client = require('ssh2/lib/client.js') as typeof ssh2.Client;

const handlers = require('ssh2/lib/protocol/handlers.js') as (Handler | undefined)[];
const constants = require('ssh2/lib/protocol/constants.js') as Record<string, readonly string[]>;

/** The algorithms that this ssh2, on this machine, can negotiate. */
export const SUPPORTED: Supported = {
  // Node tests the group that a server sends, which blocks the process for up to half a minute: servers with
  // nothing better are left to OpenSSH.
  kex: (constants['SUPPORTED_KEX'] ?? []).filter((name) => !name.includes('group-exchange')),
  serverHostKey: constants['SUPPORTED_SERVER_HOST_KEY'] ?? [],
  cipher: constants['SUPPORTED_CIPHER'] ?? [],
  hmac: constants['SUPPORTED_MAC'] ?? [],
  compress: constants['SUPPORTED_COMPRESSION'] ?? [],
};

/** Gets the payload, and a function that calls ssh2's own handler. */
type Route = (payload: Buffer, original: () => unknown) => void;

/** The routes for the messages of clients; other protocols (ssh2's own Server) keep ssh2's handlers. */
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

/** Called before ssh2 reads a global request; false drops the request. */
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

/** Connections whose host key is not verified yet, with a function that ends one whose server goes on. */
const guards = new WeakMap<Protocol, () => void>();
/** The start of a key exchange (RFC 4253 section 7.1). The messages that follow in it bypass the handlers. */
const KEXINIT = 20;

/**
 * Calls `heard` with the server's first KEXINIT, before ssh2 negotiates. For a protocol that has read the
 * identification and nothing else.
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

/** Copies the payload: the next chunk overwrites it (base/shared-reads), and ssh2 may keep parts. */
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

/** The server accepts the service of the login (RFC 4253 section 10). Later messages have numbers from 50. */
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
 * Rejects the messages of a login, and all later ones, until the returned function is called; calls `end` if
 * the server sends one before. ssh2 reads on as soon as the server has sent its NEWKEYS, even while its host
 * key is still being verified: an impostor could claim that the login succeeded, and would receive commands
 * in the clear.
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
 * Call it after ssh2 has read a chunk whose memory will be overwritten: copies the incomplete packet in it.
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
 * Replaces ssh2's login by sshpool's: `onAccepted` is called when the server has accepted the service, and
 * messages 50 to 79 go to `route`. ssh2 gets the success as well, if `route` returns true: it was requested.
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

/** The server's server-sig-algs (RFC 8308 section 3.1); undefined if it sent none. */
export function serverSigAlgsOf(protocol: Protocol): readonly string[] | undefined {
  return sigAlgs.get(protocol);
}

/** Whether the server accepts EXT_INFO from the client. */
export function takesExtensions({ _kex: { remoteExtInfoEnabled } }: Protocol): boolean {
  return remoteExtInfoEnabled === true;
}

/** The server's name for its software, such as `OpenSSH_9.2p1`; empty if it has sent no identification. */
export function softwareOf({ _remoteIdentRaw: line }: Protocol): string {
  return line?.toString('latin1').split('-').slice(2).join('-') ?? '';
}

export function sessionIdOf(protocol: Protocol): Buffer {
  return protocol._kex.sessionID;
}

/** How many characters of a debug message are read: sshd's own have 1024 at most (log.c). */
const MAX_DEBUG = 1024;

/** Calls `heard` with each debug message of the server (RFC 4253 section 11.3). */
export function onServerDebug(protocol: Protocol, heard: (text: string) => void): void {
  protocol._handlers['DEBUG'] = (_: Protocol, _display: boolean, text: string) =>
    heard(text.slice(0, MAX_DEBUG));
}

/**
 * Sends a keep-alive (a global request that the server does not know, and answers). ssh2's own uses a timer
 * that keeps the process alive.
 */
export function askForSign(client: ssh2.Client, protocol: Protocol, onSign: () => void): void {
  // Replies come in the order of the requests, including those that ssh2 sends.
  (client as unknown as { readonly _callbacks: (() => void)[] })._callbacks.push(onSign);
  protocol.ping();
}
