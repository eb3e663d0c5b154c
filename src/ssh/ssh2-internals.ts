/**
 * What we use of ssh2, in one place: the parts of its client, and the internals that our own
 * session layer needs. They are reached by their files, which are not public, so the version of
 * ssh2 is pinned and test/unit/ssh/ssh2-contract.test.ts fails loudly when one of them changes.
 */
import { createRequire } from 'node:module';
import type ssh2 from 'ssh2';
import { FIRST_CHANNEL_MESSAGE, LAST_CHANNEL_MESSAGE } from './messages.ts';
import { FIRST_AUTH_MESSAGE, LAST_AUTH_MESSAGE, USERAUTH_SUCCESS } from './userauth-messages.ts';

interface PacketWriter {
  readonly allocStart: number;
  alloc(bytes: number): Buffer;
  finalize(packet: Buffer): Buffer;
}

type Handler = (protocol: Protocol, payload: Buffer) => unknown;

export interface Protocol {
  readonly _packetRW: { readonly write: PacketWriter };
  readonly _cipher: object;
  /** `_packet` is what has come of a packet, which may be all but its authentication. */
  readonly _decipher: { _packet: Uint8Array | null };
  /** Of the last key exchange; the identifier is that of the first (RFC 4253 section 7.2). */
  readonly _kex: { readonly sessionID: Buffer; parse(payload: Buffer): unknown };
  readonly _handlers: Record<string, unknown>;
  /** Begins a key exchange, unless one is under way. */
  rekey(): void;
}

export interface Supported {
  readonly kex: readonly string[];
  readonly serverHostKey: readonly string[];
  readonly cipher: readonly string[];
  readonly hmac: readonly string[];
  readonly compress: readonly string[];
}

const require = createRequire(import.meta.url);

// The main module of ssh2 would also load its server and its key generator: a quarter more time,
// of which the first connection waits for every millisecond.
export const Client = require('ssh2/lib/client.js') as typeof ssh2.Client;
export const { parseKey } = require('ssh2/lib/protocol/keyParser.js') as Pick<
  typeof ssh2.utils,
  'parseKey'
>;

const handlers = require('ssh2/lib/protocol/handlers.js') as (Handler | undefined)[];
const { sendPacket } = require('ssh2/lib/protocol/utils.js') as {
  sendPacket: (protocol: Protocol, packet: Buffer) => boolean;
};
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

const channelRoutes = routed(FIRST_CHANNEL_MESSAGE, LAST_CHANNEL_MESSAGE);
const authRoutes = routed(FIRST_AUTH_MESSAGE, LAST_AUTH_MESSAGE);

/** Connections whose host key is not verified yet: what ends each that does not wait for it. */
const guards = new WeakMap<Protocol, () => void>();
/** The start of a key exchange (RFC 4253 section 7.1). What follows in it passes the handlers by. */
const KEXINIT = 20;

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

/** The start of the login (RFC 4253 section 10). What follows it has the numbers from 50. */
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
  { _decipher: decipher }: Pick<Protocol, '_decipher'>,
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
 * The login is ours and not ssh2's: `onStart` is called when it may begin, which is after the host
 * key was verified, and messages 50 to 79 go to `route`. Success is told to ssh2 as well, where
 * `route` says that it was asked for.
 */
export function takeLogin(
  protocol: Protocol,
  onStart: () => void,
  route: (payload: Buffer) => boolean,
): void {
  protocol._handlers['SERVICE_ACCEPT'] = ((_, name) => {
    if (name === 'ssh-userauth') onStart();
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

export function sessionIdOf(protocol: Protocol): Buffer {
  return protocol._kex.sessionID;
}

/** Packet and padding length, in front of the payload (RFC 4253 section 6). */
const HEADER_BYTES = 5;
/** A payload of this size is one of many of a stream. */
const LARGE_BYTES = 16 * 1024;
/** As many large packets as leave in one go, as a rule; a free one takes up memory. */
const MAX_FREE = 8;

/**
 * The large packets of one connection, used over and over. Memory for each anew is outside of V8's
 * heap, which it answers with full collections of that heap: a third of all the work of an upload.
 */
export class Packets {
  /** By cipher: a packet of the last large size, never sent. */
  readonly #templates = new WeakMap<object, { readonly bytes: number; readonly packet: Buffer }>();
  #free: Buffer[] = [];
  #sent: Buffer[] = [];

  /**
   * Room for a payload. ssh2 has OpenSSL make random padding for each packet, which for large ones
   * took longer than to encrypt them. The padding is arbitrary (RFC 4253 section 6), so packets of
   * one size that follow one another get the same.
   */
  allocate(protocol: Protocol, bytes: number): Buffer {
    const writer = protocol._packetRW.write;
    // Another start: compression, or a key exchange is under way, and this is no packet yet.
    if (bytes < LARGE_BYTES || writer.allocStart !== HEADER_BYTES) return writer.alloc(bytes);
    const end = HEADER_BYTES + bytes;
    let template = this.#templates.get(protocol._cipher);
    if (template?.bytes !== bytes) {
      template = { bytes, packet: writer.alloc(bytes) };
      this.#templates.set(protocol._cipher, template);
    }
    const packet = this.#take(template.packet.length);
    template.packet.copy(packet, 0, 0, HEADER_BYTES);
    template.packet.copy(packet, end, end);
    return packet;
  }

  /** What was allocated until now was sent; `gone` where the system has all of it. */
  settle(gone: boolean): void {
    if (gone && this.#free.length < MAX_FREE) this.#free.push(...this.#sent);
    this.#sent = [];
  }

  #take(bytes: number): Buffer {
    let packet = this.#free.pop();
    // Those of another size are of no use any more.
    if (packet?.length !== bytes) {
      this.#free = [];
      packet = Buffer.allocUnsafeSlow(bytes);
    }
    this.#sent.push(packet);
    return packet;
  }
}

/**
 * Sends one message, given in parts, and returns its size. During a key exchange ssh2 holds it back
 * by itself.
 */
export function sendMessage(
  protocol: Protocol,
  message: readonly Buffer[],
  packets = new Packets(),
): number {
  const writer = protocol._packetRW.write;
  // ssh2 reads the start before it allocates: it depends on the compression in use.
  let at = writer.allocStart;
  const bytes = message.reduce((sum, { length }) => sum + length, 0);
  const packet = packets.allocate(protocol, bytes);
  for (const part of message) at += part.copy(packet, at);
  sendPacket(protocol, writer.finalize(packet));
  return bytes;
}

/** Calls `heard` with each debugging message of the server (RFC 4253 section 11.3). */
export function onServerDebug(protocol: Protocol, heard: (text: string) => void): void {
  protocol._handlers['DEBUG'] = (_: Protocol, _display: boolean, text: string) => heard(text);
}

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
