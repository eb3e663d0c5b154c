/** Connects over the ssh2 library: transport, key exchange, host key, login. */
import { Socket } from 'node:net';
import type ssh2 from 'ssh2';
import { SshpoolError } from '../../base/errors.ts';
import { offeredAlgorithms } from './algorithms.ts';
import { Login } from '../login/auth.ts';
import { verifyHostKey } from '../trust/host-key.ts';
import { KEEPALIVE } from '../link/keepalive.ts';
import {
  fingerprint,
  knownKeyTypes,
  lookupName,
  type KnownHost,
} from '../trust/known-hosts-lines.ts';
import type { Link } from '../link/link.ts';
import { canonicalKey } from '../keys/public-key.ts';
import type { LinkRequest } from '../login/link-request.ts';
import { LoginLimit } from '../link/login-limit.ts';
import { beyondSsh2 } from '../link/beyond-ssh2.ts';
import { noAnswer, type Ask, type Note } from '../link/prompts.ts';
import { onServerDebug, type Protocol, protocolOf, Client } from './protocol.ts';
import { putOffHostKeys } from './announced-keys.ts';
import { weaknessWords } from './negotiation.ts';
import { Ssh2AuthWire } from './auth-wire.ts';
import { brokenBy, aborted, explain, leftBy, lostBy, type Attempted } from './failure.ts';
import { Ssh2HostKey } from './host-key.ts';
import { Ssh2Link } from './link.ts';
import { Ssh2Reading } from './reading.ts';
import type { TcpRequest } from '../transport/tcp.ts';
import { openTransport, type Transport } from '../transport/transport.ts';
import { learnHostKeys, mayLearn, type Announcement } from '../trust/update-host-keys.ts';

/** @throws SshpoolError for each way in which this fails; CANCELLED where `signal` ended it */
export async function connectSsh2(request: LinkRequest): Promise<Link> {
  const { signal } = request;
  const attempt = new AbortController();
  const give = (reason: SshpoolError): void => attempt.abort(reason);
  const limit = new LoginLimit(request, give);
  const cancel = (): void => give(SshpoolError.of('CANCELLED', {}));
  signal.addEventListener('abort', cancel, { once: true });
  if (signal.aborted) cancel();
  const ask: Ask = (question) => limit.during(() => request.ask(question));
  // The jump host has its own time limit, and may prompt the user.
  const through = request.jump;
  const jump = through && ((until: AbortSignal) => limit.during(() => through(until)));
  const aside: TcpRequest['aside'] = (wait) => limit.during(wait);
  const onProxy = (spoke: Promise<void>): void => limit.awaitProxy(request.options, spoke);
  let isGivenUp = false;
  // OpenSSH then starts its own ProxyCommand; the output of this one is dropped.
  const note: Note = (text, of) => {
    if (!isGivenUp) request.note(text, of);
  };
  const heard = { ...request, note };
  const transport = openTransport({ ...heard, jump, aside, onProxy, signal: attempt.signal });
  try {
    const stream = await transport;
    const onLogin = (): void => limit.login();
    const onGivenUp = (): void => void (isGivenUp = true);
    const asked = { ...heard, ask, onLogin, onGivenUp };
    return await new Handshake(asked, stream, attempt.signal).run();
  } catch (thrown) {
    if (!attempt.signal.aborted) throw thrown;
    // The reason of the abort says more than the resulting socket error; a handshake may add data to it.
    const reason = SshpoolError.from(attempt.signal.reason);
    throw SshpoolError.from(thrown).code === reason.code ? thrown : reason;
  } finally {
    limit.cancel();
    signal.removeEventListener('abort', cancel);
  }
}

const LEARN_AFTER_MS = 3000;
/** How long a server may take to close the connection after this side. */
const LEAVE_MS = 1000;

interface HandshakeRequest extends LinkRequest {
  readonly onLogin: () => void;
  /** OpenSSH takes over: later output of this attempt is only caused by its end. */
  readonly onGivenUp: () => void;
}

/** One run from an open transport to a link; the first cause of a failure is the one reported. */
class Handshake {
  #request: HandshakeRequest;
  readonly #stream: Transport;
  readonly #signal: AbortSignal;
  readonly #client = new Client();
  #failure: SshpoolError | undefined;
  #reading: Ssh2Reading | undefined;
  #login: Login | undefined;
  #announcement: Announcement | undefined;

  constructor(request: HandshakeRequest, stream: Transport, signal: AbortSignal) {
    this.#request = request;
    this.#stream = stream;
    this.#signal = signal;
    // Added at once: an error event without a listener would end the agent.
    stream.on('error', (error) => this.#fail(brokenBy(error, this.#attempted())));
  }

  async run(): Promise<Link> {
    const { options, env, note, ask } = this.#request;
    const known = await this.#request.loadKnown();
    const name = lookupName(options);
    const address = this.#stream instanceof Socket ? this.#stream.remoteAddress : undefined;
    const hostKey = new Ssh2HostKey(
      { isOver: () => this.#isOver(), fail: (error) => this.#fail(error) },
      (key) => verifyHostKey({ options, known, name, address, env, ask, note }, key),
    );
    return this.#connect(hostKey, offeredAlgorithms(options, knownKeyTypes(known, name)));
  }

  #connect(hostKey: Ssh2HostKey, algorithms: ssh2.Algorithms): Promise<Link> {
    return new Promise((resolve, reject) => {
      const client = this.#client;
      let wire: Ssh2AuthWire | undefined;
      // There may be several errors; only the close event ends the attempt.
      client.on('error', (error) => {
        this.#fail(explain(error, this.#attempted()));
        this.#dropSoon();
      });
      client.on('close', () => {
        const failure = this.#failure ?? leftBy('closed', this.#attempted());
        wire?.fail(failure);
        reject(failure);
      });
      client.once('ready', () => resolve(this.#link(protocol, hostKey, reading, () => forced)));
      const abort = (): void => {
        this.#failure = aborted(SshpoolError.from(this.#signal.reason), this.#attempted());
        this.#stream.destroy();
      };
      this.#signal.addEventListener('abort', abort, { once: true });
      client.connect(this.#config(hostKey, algorithms));
      const protocol = protocolOf(client);
      const reading = new Ssh2Reading(protocol, this.#stream);
      this.#reading = reading;
      hostKey.guard(protocol, () => {
        const reason = 'the server went on before its host key was verified';
        this.#fail(lostBy(reason, this.#attempted()));
        this.#stream.destroy();
      });
      const login = new Ssh2AuthWire(protocol);
      wire = login;
      // The host key was verified. Right after this event ssh2 requests the service ssh-userauth.
      client.once('handshake', () => {
        login.announceExtensions();
        this.#warn(reading.kexinit);
        reading.forgetKexinit();
        queueMicrotask(() => void this.#authenticate(login));
      });
      client.on('handshake', () => login.flush());
      putOffHostKeys(client, (announcement) => (this.#announcement = announcement));
      let forced = false;
      onServerDebug(protocol, (text) => {
        // sshd's auth-options.c names the options of the key; "command" is a forced command.
        forced ||= /key options:.*\bcommand\b/.test(text);
      });
      if (this.#signal.aborted) abort();
      // The stream closed while known_hosts was read, and emits no further event.
      if (this.#stream.destroyed) reject(this.#failure ?? leftBy('closed', this.#attempted()));
    });
  }

  #warn(kexinit: Buffer | undefined): void {
    const { options, note } = this.#request;
    for (const line of kexinit ? weaknessWords(options, kexinit) : []) note(`${line}\r`);
  }

  #config(hostKey: Ssh2HostKey, algorithms: ssh2.Algorithms): ssh2.ConnectConfig {
    return {
      sock: this.#stream,
      username: this.#request.options.user,
      algorithms,
      readyTimeout: 0,
      // The link sends its own keep-alives.
      keepaliveInterval: 0,
      hostVerifier: hostKey.check,
    };
  }

  async #authenticate(wire: Ssh2AuthWire): Promise<void> {
    this.#request.onLogin();
    this.#login = new Login({ ...this.#request, signal: this.#signal });
    try {
      await this.#login.run(wire);
    } catch (thrown) {
      this.#fail(SshpoolError.from(thrown));
      this.#client.end();
      this.#dropSoon();
    }
  }

  #dropSoon(): void {
    this.#request.clock.after(LEAVE_MS, () => this.#stream.destroy());
  }

  #isOver(): boolean {
    return this.#failure !== undefined || this.#stream.destroyed;
  }

  #fail(error: SshpoolError): void {
    this.#failure ??= error;
    if (this.#request.hasAlternative && beyondSsh2(this.#failure)) this.#request.onGivenUp();
  }

  #attempted(): Attempted {
    return {
      options: this.#request.options,
      stream: this.#stream,
      insteadOfSsh: this.#reading ? this.#reading.insteadOfSsh : '',
      kexinit: this.#reading?.kexinit,
      login: this.#login,
      keptOutMs: this.#request.keptOutMs(),
    };
  }

  #link(
    protocol: Protocol,
    hostKey: Ssh2HostKey,
    reading: Ssh2Reading,
    forced: () => boolean,
  ): Link {
    this.#failure = undefined;
    this.#learnLater(hostKey.trustedBy);
    hostKey.forget();
    this.#forget();
    const { clock, reason, options } = this.#request;
    const { host, user, rekeyAfter, serverAliveIntervalMs, serverAliveCountMax } = options;
    const isConfigured = serverAliveIntervalMs > 0;
    const keepAlive = isConfigured
      ? { intervalMs: serverAliveIntervalMs, countMax: serverAliveCountMax }
      : KEEPALIVE;
    const { accepted } = hostKey;
    const print =
      accepted && fingerprint(canonicalKey(accepted) ?? accepted, options.fingerprintHash);
    const common = { clock, host, user, reason, rekeyAfter, keepAlive };
    const facts = { ...common, hostKey: print, forced, reading };
    return new Ssh2Link(this.#client, this.#stream, protocol, facts);
  }

  /** Waits for the first commands: the proof of the keys takes the server some time. */
  #learnLater(trustedBy: KnownHost | undefined): void {
    const { options, clock } = this.#request;
    const name = lookupName(options);
    if (!mayLearn(options, name, trustedBy)) return;
    clock.after(LEARN_AFTER_MS, () => {
      if (this.#stream.destroyed || this.#announcement === undefined) return;
      // As in ssh, a file that cannot be written does not end the connection.
      learnHostKeys(options, name, this.#announcement).catch(() => undefined);
    });
  }

  /** ssh2 keeps its configuration while connected: drops the keys, and the caller with its buffers. */
  #forget(): void {
    this.#login = undefined;
    const { signal } = new AbortController();
    this.#request = { ...this.#request, env: {}, ask: noAnswer, note: () => undefined, signal };
  }
}
