/** The prompts of an ssh without a terminal (ssh(1), SSH_ASKPASS): askpass-program.ts sends them here. */
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SshpoolError } from '../../base/errors.ts';
import { packageFile } from '../../base/version.ts';
import { DEFAULT_PATH } from '../../base/programs.ts';
import type { Ask } from '../link/prompts.ts';

/** One line of JSON; `kind` is SSH_ASKPASS_PROMPT. The reply is the answer and a line feed, or nothing. */
export interface AskpassRequest {
  readonly prompt: string;
  readonly kind: string;
}

export const ASKPASS_SOCKET = 'SSHPOOL_ASKPASS_SOCKET';
const PROGRAM = fileURLToPath(packageFile('dist/program/askpass.cjs'));
/** A prompt has a few lines; text of a server may be in it. */
const MAX_CHARACTERS = 64 * 1024;

/** Prompts about a host key are answered with a word that may be seen; other answers are secrets. */
const SEEN = /\(yes\/no(?:\/\[fingerprint\])?\)\? $|^Please type 'yes'/;

export interface Person {
  readonly ask: Ask;
  readonly note: (text: string) => void;
}

export class Askpass {
  readonly #person: Person;
  readonly #path: string;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(path: string, person: Person) {
    this.#path = path;
    this.#person = person;
    this.#server = createServer((socket) => this.#serve(socket));
  }

  /** Listens at `path`, in a directory that only this user can enter. */
  static async listen(path: string, person: Person): Promise<Askpass> {
    const askpass = new Askpass(path, person);
    askpass.#server.listen(path);
    await once(askpass.#server, 'listening');
    return askpass;
  }

  env(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
    return {
      SSH_ASKPASS: PROGRAM,
      SSH_ASKPASS_REQUIRE: 'force',
      // Before OpenSSH 8.4 only DISPLAY made ssh use SSH_ASKPASS.
      DISPLAY: env['DISPLAY'] ?? 'sshpool',
      // The program runs under the first node in PATH: the one of this process, unless another precedes it.
      PATH: [env['PATH'] || DEFAULT_PATH, dirname(process.execPath)].join(':'),
      [ASKPASS_SOCKET]: this.#path,
    };
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    // The program ended with its ssh: no answer is needed.
    socket.on('error', () => socket.destroy());
    let line = '';
    socket.setEncoding('utf8');
    socket.on('data', (text: string) => {
      line += text;
      if (line.length > MAX_CHARACTERS) socket.destroy();
      else if (line.endsWith('\n')) void this.#answer(socket, line);
    });
  }

  async #answer(socket: Socket, line: string): Promise<void> {
    const request = readRequest(line);
    if (request === undefined) {
      socket.destroy();
      return;
    }
    if (request.kind === 'none') {
      // Such as that a security key waits for a touch: only shown; ssh ends the program.
      this.#person.note(request.prompt);
      return;
    }
    const answer = await this.#ask(request);
    if (answer !== undefined) {
      const reply = Buffer.concat([answer, Buffer.from('\n')]);
      answer.fill(0);
      socket.write(reply, () => reply.fill(0));
    }
    socket.end();
  }

  async #ask({ prompt, kind }: AskpassRequest): Promise<Buffer | undefined> {
    const { ask } = this.#person;
    if (kind === 'confirm') {
      const typed = await ask({ text: `${prompt} (yes/no)? `, echo: true });
      return typed?.toString().trim() === 'yes' ? Buffer.from('yes') : undefined;
    }
    return ask({ text: prompt, echo: SEEN.test(prompt) });
  }
}

function readRequest(line: string): AskpassRequest | undefined {
  try {
    const { prompt, kind } = JSON.parse(line) as Partial<Record<keyof AskpassRequest, unknown>>;
    return typeof prompt === 'string' && typeof kind === 'string' ? { prompt, kind } : undefined;
  } catch (thrown) {
    if (thrown instanceof SyntaxError) return undefined;
    throw SshpoolError.from(thrown);
  }
}
