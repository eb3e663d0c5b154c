/** A pool over links without a network, with a fake clock. */
import { SshpoolError } from '../../src/base/errors.ts';
import type { Asking } from '../../src/pool/pending-connects.ts';
import type { PoolEvent } from '../../src/pool/events.ts';
import type { PoolRequest, PoolSettings } from '../../src/pool/request.ts';
import type { Purpose } from '../../src/pool/placement.ts';
import { Pool } from '../../src/pool/pool.ts';
import type { Lease } from '../../src/pool/lease.ts';
import type { Outcome, Session, SessionEvents } from '../../src/ssh/channel/session.ts';
import { FakeClock } from './clock.ts';
import { FakeLink, settle, type FakeLinkOptions, type ServerSession } from './fake-link.ts';

export const SETTINGS: PoolSettings = {
  maxConnections: 4,
  queueTimeoutMs: 30_000,
  idleTimeoutMs: 300_000,
  healthChecks: true,
  healthCheckIntervalMs: 30_000,
};

/** One connect in progress: the test lets it succeed or fail. */
export interface Connect {
  readonly request: PoolRequest;
  readonly signal: AbortSignal;
  readonly purpose: Purpose;
  /** Opens a prompt at the leading call; the returned function answers it. */
  ask(): () => void;
  succeed(link?: FakeLink): FakeLink;
  fail(error?: SshpoolError): void;
}

/** One acquire and its result. */
export interface Call {
  readonly controller: AbortController;
  lease: Lease | undefined;
  error: SshpoolError | undefined;
  /** How its command ended. */
  outcome: Outcome | undefined;
  /** The server's side of its session, once a command runs. */
  server: ServerSession | undefined;
  readonly name: string;
  /** The call wanted a connection of its own. */
  readonly fresh: boolean;
}

export const silent: SessionEvents = {
  onStarted: () => undefined,
  onStdout: () => undefined,
  onStderr: () => undefined,
  onStdinWindow: () => undefined,
  onStdinClosed: () => undefined,
  onEnd: () => undefined,
};

export class PoolBench {
  readonly clock = new FakeClock();
  readonly pool: Pool;
  readonly links: FakeLink[] = [];
  /** Connects in progress, oldest first. */
  readonly connects: Connect[] = [];
  /** How many connects were started. */
  connectCount = 0;
  /** How often the pool reported that it is empty. */
  emptied = 0;
  /** The events that the pool reported. */
  readonly events: PoolEvent[] = [];
  readonly #options: FakeLinkOptions;
  readonly #byHand: boolean;
  #calls = 0;

  constructor(
    settings: Partial<PoolSettings> = {},
    options: FakeLinkOptions & { readonly connectByHand?: boolean } = {},
  ) {
    this.#options = { auto: true, ...options };
    this.#byHand = options.connectByHand ?? false;
    const onEmpty = (): unknown => (this.emptied += 1);
    const onEvent = (event: PoolEvent): unknown => this.events.push(event);
    const events = { onEmpty, onEvent };
    this.pool = new Pool(this.clock, { ...SETTINGS, ...settings }, events, () => 0.5);
  }

  get link(): FakeLink {
    const link = this.links.at(-1);
    if (!link) throw new Error('no link was made');
    return link;
  }

  request(name = 'web', more: Partial<PoolRequest> = {}): PoolRequest {
    const label = { target: name, name, user: 'user', hostname: `${name}.example`, port: 22 };
    const request: PoolRequest = {
      key: name,
      label,
      trust: { stamp: '', judge: () => '' },
      isShareable: () => true,
      server: `${name}.example:22`,
      forwardAgent: undefined,
      batchMode: false,
      hasFailed: () => false,
      connect: (signal, purpose, asking) =>
        this.#connect(() => request, { signal, purpose }, asking),
      ...more,
    };
    return request;
  }

  /** Acquires a session and runs everything that needs no time. */
  async call(name = 'web', fresh = false): Promise<Call> {
    const call = this.begin(name, fresh);
    await settle();
    return call;
  }

  begin(name = 'web', fresh = false, more: Partial<PoolRequest> = {}): Call {
    const controller = new AbortController();
    this.#calls += 1;
    const call: Call = {
      name: `call ${this.#calls}`,
      fresh,
      controller,
      lease: undefined,
      error: undefined,
      outcome: undefined,
      server: undefined,
    };
    const { pool } = this;
    const request = this.request(name, more);
    const lease = fresh
      ? pool.acquireFresh(request, controller.signal)
      : pool.acquire(request, controller.signal);
    lease.then(
      (given) => (call.lease = given),
      (thrown: unknown) => (call.error = SshpoolError.from(thrown)),
    );
    return call;
  }

  /** Starts the command of a call; it runs until `finish`. */
  async run(call: Call): Promise<Session> {
    const { lease } = call;
    if (!lease)
      throw new Error(`${call.name} has no session: ${call.error?.message ?? 'it waits'}`);
    lease.session.start(
      { command: Buffer.from(call.name), env: [], agentForward: false },
      {
        ...silent,
        onStdout: (data) => lease.session.consume(data.length),
        onEnd: (outcome) => (call.outcome = outcome),
      },
    );
    await settle();
    call.server = this.links
      .flatMap((link) => link.running)
      .find(({ command }) => command === call.name);
    return lease.session;
  }

  /** A call whose command runs. */
  async running(name = 'web', fresh = false): Promise<Call> {
    const call = await this.call(name, fresh);
    await this.run(call);
    return call;
  }

  /** Ends the command of a call. */
  async finish(call: Call): Promise<void> {
    const { server } = call;
    const link = this.links.find(({ sessions }) => server && sessions.includes(server));
    if (server && link) link.exit(server);
    await settle();
  }

  /** The command of a call prints this many bytes at once. */
  async stream(call: Call, bytes = 256 * 1024): Promise<void> {
    const { server } = call;
    const link = this.links.find(({ sessions }) => server && sessions.includes(server));
    if (server && link) link.print(server, bytes);
    await settle();
  }

  /** A call whose command ran and has ended. */
  async ran(name = 'web', fresh = false): Promise<Call> {
    const call = await this.running(name, fresh);
    await this.finish(call);
    return call;
  }

  /** Lets time pass in steps, so that timers and answers take turns. */
  async pass(ms: number, stepMs = 1000): Promise<void> {
    for (let left = ms; left > 0; left -= stepMs) {
      this.clock.advance(Math.min(stepMs, left));
      await settle();
    }
  }

  makeLink(options: FakeLinkOptions = this.#options): FakeLink {
    const link = new FakeLink(options);
    this.links.push(link);
    return link;
  }

  #connect(
    request: () => PoolRequest,
    how: Pick<Connect, 'signal' | 'purpose'>,
    asking: Asking,
  ): Promise<FakeLink> {
    this.connectCount += 1;
    if (!this.#byHand) return Promise.resolve(this.makeLink());
    return new Promise((resolve, reject) => {
      const settled = (): void => {
        this.connects.splice(this.connects.indexOf(connect), 1);
      };
      const connect: Connect = {
        request: request(),
        ...how,
        ask: () => {
          let given: (() => void) | undefined;
          void asking(() => new Promise<void>((answer) => (given = answer)));
          return () => given?.();
        },
        succeed: (link = this.makeLink()) => {
          settled();
          resolve(link);
          return link;
        },
        fail: (error = refused()) => {
          settled();
          reject(error);
        },
      };
      this.connects.push(connect);
    });
  }
}

export function refused(reason = 'Connection refused'): SshpoolError {
  return SshpoolError.of('CONNECT_FAILED', { host: 'web', port: 22, reason });
}
