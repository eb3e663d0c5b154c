/** One call to the agent, of any kind: the hello, the check of the protocol, questions, and the end. */
import type { Socket } from 'node:net';
import { SshpoolError } from '../../base/errors.ts';
import { CALLER_ENV, matchingEnv } from '../../wire/caller-env.ts';
import { Peer } from '../../wire/peer.ts';
import type { CAPABILITIES } from '../../wire/capabilities.ts';
import { PROTOCOL, type Message } from '../../wire/protocol.ts';
import { Patience } from './patience.ts';

export type MessageOf<T extends Message['type']> = Extract<Message, { type: T }>;

/** Gets every message except hello and pong; returns true to end the call. */
export type OnMessage = (message: Message) => boolean;

/** No agent accepted the call and nothing was done for it: the call may be repeated. */
export class NotTaken extends Error {}

/** The agent closed the connection before its hello: it was shutting down or crashed. */
export class NotGreeted extends NotTaken {}

export class OtherProtocol extends NotTaken {
  readonly theirs: number;

  constructor(theirs: number) {
    super(`protocol ${theirs}`);
    this.theirs = theirs;
  }
}

type Capability = keyof typeof CAPABILITIES;

export interface CallFacts {
  readonly log: string;
  readonly version: string;
  /** Capabilities of this caller, added to `json`. */
  readonly can?: readonly Capability[];
}

export class Call {
  readonly #peer: Peer;
  readonly #onMessage: OnMessage;
  readonly #patience: Patience;
  #greeted = false;
  /** Rejects with AGENT_LOST, AGENT_SILENT, NotTaken, or what onMessage threw. */
  readonly ended: Promise<void>;
  #resolve: () => void = () => undefined;
  #reject: (error: unknown) => void = () => undefined;

  constructor(socket: Socket, { log, version, can = [] }: CallFacts, onMessage: OnMessage) {
    this.#onMessage = onMessage;
    this.ended = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.#patience = new Patience({
      ask: () => this.send({ type: 'ping' }),
      giveUp: () => {
        this.#reject(SshpoolError.of('AGENT_SILENT', { log }));
        this.#peer.destroy();
      },
    });
    this.#peer = new Peer(socket, {
      onMessage: (message) => this.#receive(message),
      onClose: () => {
        this.#patience.end();
        this.#reject(this.#greeted ? SshpoolError.of('AGENT_LOST', { log }) : new NotGreeted());
      },
    });
    const capabilities = ['json', ...can] satisfies Capability[];
    this.send({ type: 'hello', protocol: PROTOCOL, version, capabilities });
  }

  send(message: Message): void {
    this.#peer.send(message);
  }

  /** Undefined reports that there is no answer. Zeroes `typed`. */
  answer(id: number, typed: Buffer | undefined): void {
    const text = typed ?? Buffer.alloc(0);
    this.#peer.sendSecret({ type: 'answer', id, given: typed !== undefined, text });
    text.fill(0);
  }

  /** Ends the call early; `ended` resolves. */
  leave(): void {
    this.#resolve();
    this.#peer.destroy();
  }

  #receive(message: Message): void {
    this.#patience.heard();
    if (message.type === 'opened') this.#patience.runs();
    try {
      if (message.type === 'hello') {
        if (message.protocol !== PROTOCOL) throw new OtherProtocol(message.protocol);
        this.#greeted = true;
        return;
      }
      if (message.type !== 'pong' && this.#onMessage(message)) {
        this.#patience.end();
        this.#resolve();
        this.#peer.end();
      }
    } catch (thrown) {
      this.#reject(thrown);
      this.#peer.destroy();
    }
  }
}

/** The variables of `env` that match, each as NAME=VALUE. */
export function envLines(
  env: NodeJS.ProcessEnv,
  patterns: readonly string[] = CALLER_ENV,
): string[] {
  return Object.entries(matchingEnv(env, patterns)).map(([name, value]) => `${name}=${value}`);
}
