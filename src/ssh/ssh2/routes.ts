/** Where a server's messages go. ssh2 has one table of handlers for all its protocols, by message number. */
import { lend, type Borrowed } from '../../base/borrowed.ts';
import { createRequire } from 'node:module';
import { FIRST_CHANNEL_MESSAGE, LAST_CHANNEL_MESSAGE } from '../channel/messages.ts';
import {
  FIRST_AUTH_MESSAGE,
  LAST_AUTH_MESSAGE,
  USERAUTH_SUCCESS,
} from '../login/userauth-messages.ts';
import { KEXINIT, type Protocol } from './protocol.ts';

type Handler = (protocol: Protocol, payload: Buffer) => unknown;

interface Routes {
  /** Ends a connection whose host key is not verified yet and whose server goes on. */
  guard?: (() => void) | undefined;
  /** Sees each global request before ssh2 reads it; false drops it. */
  mayAsk?: (payload: Buffer) => boolean;
  /** Takes the messages of the login; `original` gives this one to ssh2. */
  login?: (payload: Buffer, original: () => unknown) => void;
  channels?: (payload: Borrowed) => void;
  sigAlgs?: readonly string[];
}

const all = new WeakMap<Protocol, Routes>();

function routesOf(protocol: Protocol): Routes {
  const routes = all.get(protocol) ?? {};
  all.set(protocol, routes);
  return routes;
}

/** The server accepts the service of the login (RFC 4253 section 10). */
const SERVICE_ACCEPT = 6;
const GLOBAL_REQUEST = 80;

function routed(number: number, original: Handler | undefined): Handler {
  const isGuarded = number === SERVICE_ACCEPT || number >= FIRST_AUTH_MESSAGE;
  const isLogin = number >= FIRST_AUTH_MESSAGE && number <= LAST_AUTH_MESSAGE;
  const isChannel = number >= FIRST_CHANNEL_MESSAGE && number <= LAST_CHANNEL_MESSAGE;
  const kept = original && keeping(original, number);
  return (protocol, payload) => {
    const routes = all.get(protocol) ?? {};
    if (isGuarded && routes.guard) return routes.guard();
    if (isChannel && routes.channels) return routes.channels(lend(payload));
    if (isLogin && routes.login) {
      return routes.login(Buffer.from(payload), () => kept?.(protocol, payload));
    }
    if (number === GLOBAL_REQUEST && routes.mayAsk?.(payload) === false) return undefined;
    return kept?.(protocol, payload);
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

const require = createRequire(import.meta.url);
const handlers = require('ssh2/lib/protocol/handlers.js') as (Handler | undefined)[];

for (let number = 0; number <= LAST_CHANNEL_MESSAGE; number++) {
  const original = handlers[number];
  const isOurs = number >= FIRST_AUTH_MESSAGE && number <= LAST_AUTH_MESSAGE;
  if (original || isOurs) handlers[number] = routed(number, original);
}

export function filterGlobalRequests(
  protocol: Protocol,
  filter: (payload: Buffer) => boolean,
): void {
  routesOf(protocol).mayAsk = filter;
}

/**
 * Calls `end` for messages of the login, and later ones, until the returned function is called. ssh2 reads on
 * while the key is verified: an impostor could claim a login, and would receive commands in the clear.
 */
export function guardUntilVerified(protocol: Protocol, end: () => void): () => void {
  const routes = routesOf(protocol);
  routes.guard = end;
  return () => (routes.guard = undefined);
}

/** Messages 90 to 100 bypass ssh2's channels. */
export function takeChannelMessages(protocol: Protocol, route: (payload: Borrowed) => void): void {
  routesOf(protocol).channels = route;
}

type OnService = (protocol: Protocol, name: string) => void;
type OnExtensions = (
  protocol: Protocol,
  extensions: readonly { readonly name: string; readonly algs?: readonly string[] }[],
) => void;

/** Replaces ssh2's login. ssh2 gets the success only if `route` returns true: it was requested. */
export function takeLogin(
  protocol: Protocol,
  onAccepted: () => void,
  route: (payload: Buffer) => boolean,
): void {
  const routes = routesOf(protocol);
  let hasStarted = false;
  protocol._handlers['SERVICE_ACCEPT'] = ((_, name) => {
    if (name !== 'ssh-userauth' || hasStarted) return;
    hasStarted = true;
    onAccepted();
  }) satisfies OnService;
  protocol._handlers['EXT_INFO'] = ((_, extensions) => {
    const found = extensions.find(({ name }) => name === 'server-sig-algs')?.algs;
    if (found) routes.sigAlgs = found;
  }) satisfies OnExtensions;
  routes.login = (payload, original) => {
    const isAsked = route(payload);
    if (isAsked && payload[0] === USERAUTH_SUCCESS) original();
  };
}

export function serverSigAlgsOf(protocol: Protocol): readonly string[] | undefined {
  return all.get(protocol)?.sigAlgs;
}
