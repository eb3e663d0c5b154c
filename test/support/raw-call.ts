/**
 * A caller without a program: it speaks the protocol with the agent of a sandbox. The test chooses
 * what it reports about its terminal.
 */
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { ownPlace } from '../../src/base/place.ts';
import { Peer } from '../../src/wire/peer.ts';
import { PROTOCOL, type Message } from '../../src/wire/protocol.ts';
import { runCli } from './cli.ts';
import { until } from './process.ts';
import type { Sandbox } from './sandbox.ts';

export interface RawCallOptions {
  readonly command: 'exec' | 'ssh' | 'shell';
  readonly argv: readonly string[];
  /** Standard input is a terminal of 80 columns and 24 rows. */
  readonly terminal?: boolean;
  readonly env?: Readonly<Record<string, string>>;
  /** The capabilities that the caller announces; `ask` by default. */
  readonly capabilities?: readonly string[];
  /** The whole standard input; without it, standard input stays open. */
  readonly stdin?: string;
  /** The environment of the agent, if this call starts it. */
  readonly agentEnv?: Readonly<Record<string, string>>;
}

type MessageOf<T extends Message['type']> = Extract<Message, { type: T }>;
export type Last = MessageOf<'exited' | 'failed' | 'delegate'>;

export class RawCall {
  readonly messages: Message[] = [];
  readonly #peer: Peer;
  #closed = false;

  private constructor(socket: string, options: RawCallOptions, cwd: string) {
    this.#peer = new Peer(createConnection(socket), {
      onMessage: (message) => this.#receive(message, options),
      onClose: () => (this.#closed = true),
    });
    const { command, argv, env = {}, terminal = false } = options;
    const capabilities = options.capabilities ?? ['ask'];
    this.send({ type: 'hello', protocol: PROTOCOL, version: 'raw', capabilities });
    this.send({
      ...{ type: 'exec', command, cwd },
      argv: argv.map((word) => Buffer.from(word)),
      env: Object.entries({ TERM: 'vt100', ...env }).map(([name, value]) => `${name}=${value}`),
      ...ownPlace({}),
      terminals: terminal ? 7 : 0,
      columns: terminal ? 80 : 0,
      rows: terminal ? 24 : 0,
      ...{ width: 0, height: 0 },
      // ECHO is off (RFC 4254 section 8, opcode 53), so that a test sees only output.
      modes: terminal ? Buffer.from([53, 0, 0, 0, 0, 0]) : Buffer.alloc(0),
    });
  }

  /** Makes a call, and starts the agent if none runs. */
  static async make(sandbox: Sandbox, options: RawCallOptions): Promise<RawCall> {
    await runCli(sandbox, ['agent', 'start'], { env: options.agentEnv ?? {} });
    return new RawCall(join(sandbox.run, 'agent.sock'), options, sandbox.home);
  }

  send(message: Message): void {
    this.#peer.send(message);
  }

  type(text: string): void {
    this.send({ type: 'stdin', data: Buffer.from(text) });
  }

  /** Closes the caller's connection. */
  leave(): void {
    this.#peer.destroy();
  }

  /** The output of one stream so far. */
  output(type: 'stdout' | 'stderr' = 'stdout'): string {
    return Buffer.concat(
      this.messages.flatMap((message) => (message.type === type ? [message.data] : [])),
    ).toString();
  }

  first<T extends Message['type']>(type: T): MessageOf<T> | undefined {
    return this.messages.find((message): message is MessageOf<T> => message.type === type);
  }

  async opened(): Promise<MessageOf<'opened'>> {
    await until(() => this.first('opened') !== undefined || this.#closed, 'the call is opened');
    const opened = this.first('opened');
    if (opened === undefined) throw new Error(`not opened: ${JSON.stringify(this.messages)}`);
    return opened;
  }

  async shows(text: string): Promise<void> {
    await until(() => this.output().includes(text), `${JSON.stringify(text)} is shown`);
  }

  async last(): Promise<Last> {
    await until(() => this.#last() !== undefined || this.#closed, 'the call is over');
    const last = this.#last();
    if (last === undefined) throw new Error(`no end: ${JSON.stringify(this.messages)}`);
    return last;
  }

  /** What a caller prints on standard error: the notes, then ssh's closing line or sshpool's error. */
  async words(): Promise<string> {
    const last = await this.last();
    if (last.type === 'delegate') return `delegate to ${last.to}`;
    const notes = this.messages.flatMap((one) => (one.type === 'note' ? [`${one.text}\n`] : []));
    const ours = last.message === '' ? '' : `sshpool: ${last.message}\n`;
    return notes.join('') + (last.farewell === '' ? ours : `${last.farewell}\n`);
  }

  #last(): Last | undefined {
    return this.first('exited') ?? this.first('failed') ?? this.first('delegate');
  }

  #receive(message: Message, { stdin }: RawCallOptions): void {
    // The next message will overwrite these bytes.
    const kept = 'data' in message ? { ...message, data: Buffer.from(message.data) } : message;
    this.messages.push(kept);
    if (message.type === 'stdout' || message.type === 'stderr') {
      this.send({ type: 'taken', bytes: message.data.length });
    }
    if (message.type === 'window' && stdin !== undefined && this.#isFirst('window')) {
      if (stdin !== '') this.type(stdin);
      this.send({ type: 'stdinEnd' });
    }
    if (this.#last() !== undefined) this.#peer.end();
  }

  #isFirst(type: Message['type']): boolean {
    return this.messages.filter((message) => message.type === type).length === 1;
  }
}
