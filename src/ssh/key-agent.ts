/**
 * A client of the key agent's protocol (draft-miller-ssh-agent): the keys that it holds, of every
 * type, and signatures by them. One connection a request.
 */
import { createConnection } from 'node:net';
import { Reader, Writer } from '../base/bytes.ts';
import { describe, SshpoolError } from '../base/errors.ts';
import type { Clock } from '../base/time.ts';

/** A key held by the agent: public key as bytes, its wire type, its comment. */
export interface Identity {
  readonly blob: Buffer;
  readonly type: string;
  readonly comment: string;
}

const REQUEST = { identities: 11, sign: 13 } as const;
const ANSWER = { identities: 12, signature: 14 } as const;
/** OpenSSH's AGENT_MAX_LEN. */
const MAX_MESSAGE = 256 * 1024;
/** Listing keys asks nobody; a signature may wait for a person, without limit. */
const LIST_MS = 2000;

export class KeyAgent {
  readonly #path: string;
  readonly #clock: Clock;

  constructor(path: string, { clock }: { readonly clock: Clock }) {
    this.#path = path;
    this.#clock = clock;
  }

  /** @throws SshpoolError PROTOCOL where no agent answers as it should within two seconds */
  async identities(): Promise<Identity[]> {
    const from = await this.#request(Buffer.of(REQUEST.identities), ANSWER.identities, LIST_MS);
    const count = from.u32();
    const found: Identity[] = [];
    for (let i = 0; i < count; i++) {
      const [blob, comment] = [from.string(), from.text()];
      found.push({ blob, type: new Reader(blob).text(), comment });
    }
    return found;
  }

  /**
   * The signature as the agent gives it: algorithm and signature, each a string.
   * @param flags 2 and 4 choose SHA-256 and SHA-512 for RSA keys, 0 otherwise
   * @throws SshpoolError PROTOCOL where the agent refuses
   */
  async sign(blob: Buffer, data: Buffer, flags: 0 | 2 | 4): Promise<Buffer> {
    const request = new Writer().byte(REQUEST.sign).string(blob).string(data).u32(flags).finish();
    return (await this.#request(request, ANSWER.signature, undefined)).string();
  }

  #request(body: Buffer, expected: number, limitMs: number | undefined): Promise<Reader> {
    return new Promise((resolve, reject) => {
      const socket = createConnection(this.#path);
      const fail = (problem: string): void => {
        reject(SshpoolError.of('PROTOCOL', { problem: `${this.#path}: ${problem}` }));
        socket.destroy();
      };
      const timer =
        limitMs === undefined ? undefined : this.#clock.after(limitMs, () => fail('no answer'));
      let received = Buffer.alloc(0);
      socket.on('data', (chunk: Buffer) => {
        received = Buffer.concat([received, chunk]);
        const length = received.length < 4 ? 0 : received.readUInt32BE();
        if (length > MAX_MESSAGE) return fail('its answer is too long');
        if (length === 0 || received.length < 4 + length) return;
        const answer = new Reader(received.subarray(4, 4 + length));
        if (answer.byte() === expected) resolve(answer);
        else fail('it refused');
        socket.destroy();
      });
      socket.on('error', (error) => fail(describe(error)));
      socket.on('close', () => {
        timer?.cancel();
        fail('it closed the connection');
      });
      socket.write(new Writer().string(body).finish());
    });
  }
}
