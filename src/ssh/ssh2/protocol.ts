/** Internals of ssh2, known here, in routes.ts and in keys/foreign-keys.ts; contract.test.ts checks them. */
import { createRequire } from 'node:module';
import type ssh2 from 'ssh2';
import { loadBcrypt } from '../keys/bcrypt.ts';

export interface PacketWriter {
  readonly allocStart: number;
  alloc(bytes: number): Buffer;
  finalize(packet: Buffer): Buffer;
}

export interface Protocol {
  readonly _packetRW: { readonly write: PacketWriter };
  readonly _cipher: object;
  /** The server's identification (RFC 4253 section 4.2); undefined until it was received. */
  _remoteIdentRaw: Buffer | undefined;
  /** `_packet` is the received part of a packet, which may be all but its MAC. */
  readonly _decipher: {
    _packet: Uint8Array | null;
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
// Not ssh2's main module: with its server and key generator, loading takes a quarter longer.
export const Client = require('ssh2/lib/client.js') as typeof ssh2.Client;

export const { sendPacket } = require('ssh2/lib/protocol/utils.js') as {
  sendPacket: (protocol: Protocol, packet: Buffer) => boolean;
};

const constants = require('ssh2/lib/protocol/constants.js') as Record<string, readonly string[]>;

export const SUPPORTED: Supported = {
  // Node blocks for up to half a minute to test a server's group: such servers are left to OpenSSH.
  kex: (constants['SUPPORTED_KEX'] ?? []).filter((name) => !name.includes('group-exchange')),
  serverHostKey: constants['SUPPORTED_SERVER_HOST_KEY'] ?? [],
  cipher: constants['SUPPORTED_CIPHER'] ?? [],
  hmac: constants['SUPPORTED_MAC'] ?? [],
  compress: constants['SUPPORTED_COMPRESSION'] ?? [],
};

/** The protocol of a client on which connect() was called. */
export function protocolOf(client: ssh2.Client): Protocol {
  return (client as unknown as { readonly _protocol: Protocol })._protocol;
}

export type OnGlobalRequest = (
  protocol: Protocol,
  name: string,
  wantReply: boolean,
  data: unknown,
) => void;

/** Replaces what ssh2 does with a global request (RFC 4254 section 4) that it has read. */
export function wrapGlobalRequests(
  protocol: Protocol,
  wrap: (original: OnGlobalRequest) => OnGlobalRequest,
): void {
  const { _handlers: handlers } = protocol;
  handlers['GLOBAL_REQUEST'] = wrap(handlers['GLOBAL_REQUEST'] as OnGlobalRequest);
}

/** The server's software version, which ends at the first blank; empty before it is known. */
export function versionOf(client: ssh2.Client): string {
  return (client as unknown as { readonly _remoteVer?: string })._remoteVer ?? '';
}

export function isExchangingKeys({ _kexinit }: Protocol): boolean {
  return _kexinit !== undefined;
}

export function writerOf({ _packetRW: { write } }: Protocol): PacketWriter {
  return write;
}

/** The cipher in use; each key exchange makes a new one. */
export function cipherOf({ _cipher }: Protocol): object {
  return _cipher;
}

export interface Input {
  /** False after a fatal error of ssh2. */
  readonly isLive: () => boolean;
  readonly parse: (input: Buffer, at: number) => number;
  /** Replaces the server's identification as ssh2 has read it. */
  readonly identify: (line: Buffer) => void;
}

/** Reads in ssh2's place, from the first byte on; ssh2 then parses what it is given until `isOver`. */
export function takeInput(
  protocol: Protocol,
  receive: (chunk: Buffer) => void,
  isOver: () => boolean,
): Input {
  const parse: Protocol['parse'] = (chunk, from, to) => receive(chunk.subarray(from, to));
  protocol.parse = parse;
  const onPayload = protocol._onPayload;
  protocol._onPayload = (payload) => onPayload(payload) ?? (isOver() ? false : undefined);
  return {
    isLive: () => protocol.parse === parse,
    parse: (input, at) => protocol._parse(input, at, input.length) ?? input.length,
    identify: (line) => (protocol._remoteIdentRaw = line),
  };
}

/** The start of a key exchange (RFC 4253 section 7.1). The messages that follow in it bypass the handlers. */
export const KEXINIT = 20;

/** Calls `heard` before ssh2 negotiates. For a protocol that has read the identification and nothing else. */
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

/** Call it after ssh2 has read a chunk that will be overwritten: copies the incomplete packet in it. */
export function keepBegunPacket(
  { _decipher: decipher }: { readonly _decipher: Pick<Protocol['_decipher'], '_packet'> },
  chunk: Buffer,
): void {
  const begun = decipher._packet;
  if (begun?.buffer === chunk.buffer) decipher._packet = Buffer.from(begun);
}

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

/** Sends a keep-alive that the server must answer. ssh2's own timer would keep the process alive. */
export function askForSign(client: ssh2.Client, protocol: Protocol, onSign: () => void): void {
  // Replies come in the order of the requests, including those that ssh2 sends.
  (client as unknown as { readonly _callbacks: (() => void)[] })._callbacks.push(onSign);
  protocol.ping();
}
