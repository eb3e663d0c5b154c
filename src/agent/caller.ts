/** One caller of the agent: the hello, then one call (exec or request). Exceptions become `failed`. */
import type { Socket } from 'node:net';
import { SshpoolError } from '../base/errors.ts';
import { printableWords } from '../base/printable.ts';
import { commandNamed } from '../config/command-line/command-line.ts';
import type { Others } from '../ssh/link/prompts.ts';
import type { CAPABILITIES } from '../wire/capabilities.ts';
import { Peer } from '../wire/peer.ts';
import { MAX_CHUNK, PROTOCOL, type Message } from '../wire/protocol.ts';
import { ExecCall } from './exec-call.ts';
import type { ExecCaller } from './exec-caller.ts';
import { callMethod, parseEnv } from './methods.ts';
import { noteText } from './notes.ts';
import { noAnswer } from '../ssh/link/prompts.ts';
import { Questions } from './questions.ts';
import type { Services } from './services.ts';
import type { Sender } from './unfinished.ts';

/** `done`: the call has ended; `foreign`: the caller speaks another protocol. */
type State = 'greeting' | 'ready' | 'calling' | 'done' | 'foreign';

/** The longest frame of input: the data and its headers. */
const INPUT_BYTES = MAX_CHUNK + 64;

export class Caller implements Sender {
  readonly #services: Services;
  readonly #peer: Peer;
  readonly #questions: Questions;
  #state: State = 'greeting';
  #capabilities: readonly string[] = [];
  #exec: ExecCall | undefined;
  #dismissed = false;
  /** Each waits for one answer; the answers arrive in the order of the requests. */
  readonly #onEnvironment: ((env: Record<string, string>) => void)[] = [];

  constructor(socket: Socket, services: Services, onClose: () => void) {
    this.#services = services;
    this.#peer = new Peer(socket, {
      onMessage: (message) => this.#guard(() => this.#receive(message)),
      onRead: (bytes) => this.#read(bytes),
      onClose: (error) => {
        services.unfinished.forget(this);
        if (error) services.log.info(`caller dropped: ${error.message}`);
        this.#guard(() => this.#close());
        onClose();
      },
    });
    this.#questions = new Questions((message) => this.#send(message));
    services.unfinished.connected(this);
  }

  /** The agent stops. A caller that gets no hello knows that nothing was done, and takes another agent. */
  dismiss(): void {
    this.#dismissed = true;
    if (this.#state !== 'calling' && this.#state !== 'ready') this.#leave();
  }

  #leave(): void {
    this.#state = 'done';
    this.#peer.end();
  }

  destroy(): void {
    this.#peer.destroy();
  }

  drop(reason: string): void {
    this.#services.log.info(`caller dropped: ${reason}`);
    this.#peer.destroy();
  }

  /** Input of a running call has no time limit: the user may stop the caller in the middle of a frame. */
  #read(bytes: number): void {
    const hasCalled = this.#state === 'calling' || this.#state === 'done';
    const counted = hasCalled && bytes <= INPUT_BYTES ? 0 : bytes;
    this.#services.unfinished.received(this, counted, !hasCalled);
  }

  #receive(message: Message): void {
    switch (message.type) {
      case 'hello':
        return this.#greet(message);
      case 'retire':
        this.#services.log.info('a newer sshpool takes over');
        this.#services.stop({ force: false });
        return;
      case 'ping':
        // Also after the end of the call: a caller may wait until the agent has ended.
        return this.#peer.send({ type: 'pong' });
      case 'answer':
        return this.#questions.answer(message);
      case 'environment':
        this.#onEnvironment.shift()?.(parseEnv(message.env));
        return;
      case 'exec':
        return this.#call(() => this.#startExec(message));
      case 'request':
        return this.#call(() => this.#request(message));
      default:
        if (this.#exec === undefined) {
          throw SshpoolError.of('PROTOCOL', { problem: `unexpected ${message.type}` });
        }
        this.#exec.receive(message);
    }
  }

  #greet({ protocol, capabilities }: Extract<Message, { type: 'hello' }>): void {
    if (this.#state === 'done') return;
    const { version, unfinished } = this.#services;
    unfinished.forget(this);
    this.#capabilities = capabilities;
    this.#peer.send({ type: 'hello', protocol: PROTOCOL, version, capabilities: [] });
    // A caller of another protocol can only send retire, whose layout never changes.
    this.#state = protocol === PROTOCOL ? 'ready' : 'foreign';
  }

  #call(run: () => Promise<void>): void {
    // Sent before the caller read the hello or the end: it makes the call with another agent.
    if (this.#state === 'foreign' || (this.#state === 'done' && this.#dismissed)) return;
    if (this.#state !== 'ready') {
      throw SshpoolError.of('PROTOCOL', { problem: 'one call a connection' });
    }
    this.#state = 'calling';
    run().catch((thrown: unknown) => this.#fail(thrown));
  }

  async #startExec(message: Extract<Message, { type: 'exec' }>): Promise<void> {
    const { columns, rows, width, height, terminals, surroundings, diversions } = message;
    const env = parseEnv(message.env);
    const caller: ExecCaller = {
      cwd: message.cwd,
      env,
      place: { surroundings, diversions },
      terminal: {
        size: { columns, rows, width, height },
        // Copied: the next message overwrites the buffer.
        modes: Buffer.from(message.modes),
        stdinIsTerminal: (terminals & 1) === 1,
        stderrIsTerminal: (terminals & 4) === 4,
        term: env['TERM'] ?? '',
      },
      ask: this.#questions.ask,
      note: (text, of) => this.#note(text, of),
      can: (capability) => this.#can(capability),
      send: (sent) => this.#send(sent),
      starting: () => this.#starting(),
      guard: (run) => this.#guard(run),
      environment: (patterns) => this.#environment(patterns),
    };
    this.#exec = new ExecCall(this.#services, caller, commandNamed(message.command));
    // Copied: delegate may send them back later.
    await this.#exec.run(message.argv.map((word) => Buffer.from(word)));
  }

  #environment(patterns: readonly string[]): Promise<Record<string, string>> {
    return new Promise((resolve) => {
      this.#onEnvironment.push(resolve);
      this.#send({ type: 'askEnvironment', patterns });
    });
  }

  #note(text: string, of?: Others): void {
    if (of === undefined) this.#send({ type: 'note', text: noteText(text) });
    // 'words' is text of the user's own program: passed on unchanged, as ssh does.
    else if (this.#can('words'))
      this.#send({ type: 'words', text: of === 'words' ? text : printableWords(text) });
    else for (const line of text.replace(/\n$/, '').split('\n')) this.#note(line);
  }

  #can(capability: keyof typeof CAPABILITIES): boolean {
    return this.#capabilities.includes(capability);
  }

  async #request({ method, params }: Extract<Message, { type: 'request' }>): Promise<void> {
    const result = await callMethod(this.#services, method, params, {
      ask: this.#can('ask') ? this.#questions.ask : noAnswer,
      note: (text, of) => this.#note(text, of),
      environment: (patterns) => this.#environment(patterns),
    });
    this.#send({ type: 'result', json: JSON.stringify(result) });
  }

  /** An internal error ends only this call. @throws SshpoolError PROTOCOL, which ends the connection */
  #guard(run: () => void): void {
    try {
      run();
    } catch (thrown) {
      const error = SshpoolError.from(thrown);
      if (error.code === 'PROTOCOL') throw error;
      this.#fail(error);
      this.#exec?.abandon();
    }
  }

  #fail(thrown: unknown): void {
    const { code, message, exitCode, cause } = SshpoolError.from(thrown);
    if (code === 'INTERNAL') this.#services.log.fault(cause ?? thrown);
    this.#send({ type: 'failed', code, message, farewell: '', exitCode });
  }

  #send(message: Message): void {
    // The call has ended here (after delegate the caller's next program continues it).
    if (this.#state === 'done') return;
    this.#peer.send(message);
    const { type } = message;
    const isLast =
      type === 'exited' || type === 'failed' || type === 'result' || type === 'delegate';
    // The caller closes the connection once it has read this message; it may still be writing output.
    if (isLast) this.#state = 'done';
    if (isLast && this.#dismissed) this.#peer.end();
  }

  /** Sent before the server gets the command: the caller must know this if the agent is lost. */
  #starting(): boolean {
    this.#send({ type: 'starting' });
    return this.#peer.flush() && this.#state !== 'done';
  }

  #close(): void {
    this.#state = 'done';
    this.#questions.close();
    for (const resolve of this.#onEnvironment.splice(0)) resolve({});
    this.#exec?.abandon();
  }
}
