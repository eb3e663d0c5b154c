/** A client of the key agent's protocol (draft-miller-ssh-agent); one connection per request. */
import { createConnection, type Socket } from 'node:net';
import { Reader, Writer } from '../../base/bytes.ts';
import { describe, SshpoolError } from '../../base/errors.ts';
import type { Clock } from '../../base/time.ts';
import { attempt, publicKeyType } from './public-key.ts';

export interface AgentIdentity {
  readonly blob: Buffer;
  readonly type: string;
  readonly comment: string;
}

export interface KeyAgentOptions {
  readonly clock: Clock;
  /** For the list of keys; 2 s by default. */
  readonly timeoutMs?: number | undefined;
  /** Ends pending requests, signatures too, with CANCELLED. */
  readonly signal?: AbortSignal | undefined;
}

export const AGENT_REQUEST = { identities: 11, sign: 13 } as const;
export const AGENT_ANSWER = {
  failure: 5,
  identities: 12,
  signature: 14,
  extensionFailure: 28,
} as const;
/** OpenSSH's AGENT_MAX_LEN and MAX_AGENT_REPLY_LEN. */
export const MAX_AGENT_MESSAGE = 256 * 1024;
/** A list needs no user; a signature may, so it has no limit. */
const LIST_MS = 2000;
/** The size of sun_path: Node truncates a longer path and would connect to another socket. */
const MAX_PATH = process.platform === 'linux' ? 107 : 103;

export function isUsableSocketPath(path: string): boolean {
  return path !== '' && !path.includes('\0') && Buffer.byteLength(path) <= MAX_PATH;
}

/** As ssh checks before it forwards a key agent (authfd.c). Never rejects. */
export function isListening(path: string): Promise<boolean> {
  if (!isUsableSocketPath(path)) return Promise.resolve(false);
  return new Promise((resolve) => {
    const socket = createConnection({ path });
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    // A key agent whose queue of connections is full is listening, too.
    socket.on('error', ({ code }: NodeJS.ErrnoException) => resolve(code === 'EAGAIN'));
  });
}

export class KeyAgent {
  readonly #path: string;
  readonly #options: KeyAgentOptions;

  constructor(path: string, options: KeyAgentOptions) {
    this.#path = path;
    this.#options = options;
  }

  /** @throws SshpoolError KEY_AGENT_ABSENT; KEY_AGENT_FAILED for a late or malformed answer or a refusal */
  async identities(): Promise<AgentIdentity[]> {
    const { timeoutMs = LIST_MS } = this.#options;
    const request = Buffer.of(AGENT_REQUEST.identities);
    const answer = await this.#ask(request, AGENT_ANSWER.identities, timeoutMs);
    return this.#read(() => {
      const count = answer.u32();
      const found: AgentIdentity[] = [];
      for (let i = 0; i < count; i++) {
        const [blob, comment] = [answer.string(), answer.text()];
        const type = publicKeyType(blob);
        // A blob without a type cannot be shown to a server; the others can.
        if (type !== undefined) found.push({ blob, type, comment });
      }
      return found;
    });
  }

  /**
   * The algorithm of the signature is not checked. `flags` 2 and 4: SHA-256 and SHA-512 for RSA (RFC 8332).
   * @throws SshpoolError as `identities`, and without a limit of time
   */
  async sign(blob: Buffer, data: Buffer, flags: 0 | 2 | 4): Promise<Buffer> {
    const request = new Writer()
      .byte(AGENT_REQUEST.sign)
      .string(blob)
      .string(data)
      .u32(flags)
      .finish();
    if (request.length > MAX_AGENT_MESSAGE) throw this.#failure('the request is too long');
    const answer = await this.#ask(request, AGENT_ANSWER.signature, undefined);
    return this.#read(() => {
      const signature = answer.string();
      const parts = new Reader(signature);
      parts.string();
      parts.string();
      return signature;
    });
  }

  async #ask(body: Buffer, expected: number, limitMs: number | undefined): Promise<Reader> {
    const bytes = await this.#exchange(new Writer().string(body).finish(), limitMs);
    const answer = new Reader(bytes);
    const type = answer.byte();
    if (type === expected) return answer;
    if (type === AGENT_ANSWER.failure || type === AGENT_ANSWER.extensionFailure) {
      throw this.#failure('it refused');
    }
    throw this.#failure(`its answer has an unexpected type (${type})`);
  }

  #exchange(request: Buffer, limitMs: number | undefined): Promise<Buffer> {
    const { clock, signal } = this.#options;
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(SshpoolError.of('CANCELLED', {}));
      const socket = this.#connect();
      const message = new Message();
      const cancel = (): void => fail(SshpoolError.of('CANCELLED', {}));
      const timer =
        limitMs === undefined
          ? undefined
          : clock.after(limitMs, () => fail(this.#failure(`no answer within ${limitMs} ms`)));
      const settle = (): void => {
        timer?.cancel();
        signal?.removeEventListener('abort', cancel);
        socket.destroy();
      };
      const fail = (error: SshpoolError): void => {
        settle();
        reject(error); // after the first outcome this does nothing
      };
      signal?.addEventListener('abort', cancel);
      let isConnected = false;
      socket.on('connect', () => {
        isConnected = true;
        socket.write(request);
      });
      socket.on('data', (chunk: Buffer) => {
        const state = message.add(chunk);
        if (state === 'malformed') return fail(this.#failure('its answer is malformed'));
        if (state === 'partial') return;
        settle();
        resolve(message.body());
      });
      socket.on('error', (error) =>
        fail(isConnected ? this.#failure(describe(error), error) : this.#absent(error)),
      );
      socket.on('close', () => fail(this.#failure('it hung up without an answer')));
    });
  }

  #connect(): Socket {
    if (this.#path === '' || this.#path.includes('\0')) throw this.#absent('no path of a socket');
    if (Buffer.byteLength(this.#path) > MAX_PATH) throw this.#absent('the path is too long');
    return createConnection({ path: this.#path });
  }

  #read<T>(read: () => T): T {
    const value = attempt(read);
    if (value === undefined) throw this.#failure('its answer is malformed');
    return value;
  }

  #absent(why: unknown): SshpoolError {
    return SshpoolError.of('KEY_AGENT_ABSENT', { path: this.#path, reason: describe(why) }, why);
  }

  #failure(problem: string, cause?: unknown): SshpoolError {
    return SshpoolError.of('KEY_AGENT_FAILED', { path: this.#path, problem }, cause);
  }
}

/** One answer: a length and as many bytes. */
class Message {
  readonly #chunks: Buffer[] = [];
  #received = 0;
  #length: number | undefined;

  add(chunk: Buffer): 'partial' | 'whole' | 'malformed' {
    this.#chunks.push(chunk);
    this.#received += chunk.length;
    if (this.#length === undefined && this.#received >= 4) {
      this.#length = Buffer.concat(this.#chunks).readUInt32BE();
    }
    if (this.#length === undefined) return 'partial';
    if (this.#length === 0 || this.#length > MAX_AGENT_MESSAGE) return 'malformed';
    return this.#received >= 4 + this.#length ? 'whole' : 'partial';
  }

  body(): Buffer {
    return Buffer.concat(this.#chunks).subarray(4, 4 + (this.#length ?? 0));
  }
}
