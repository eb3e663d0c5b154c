/** password (RFC 4252 section 8) and keyboard-interactive (RFC 4256), with ssh's words (sshconnect2.c). */
import type { SshOptions } from '../../config/ssh-config/options.ts';
import type { Findings } from './findings.ts';
import { printable } from '../../base/printable.ts';
import type { Ask, Note } from '../link/prompts.ts';
import type { MethodAttempts, Conversation, Method, AuthResult } from './userauth.ts';
import {
  infoResponse,
  interactiveRequest,
  passwordRequest,
  readInfoRequest,
  readPasswordChange,
  type InfoPrompt,
} from './userauth-messages.ts';

export interface QuestionRequest {
  readonly options: SshOptions;
  readonly ask: Ask;
  readonly note: Note;
  /** Shows what the server says before its questions. */
  readonly explain: (text: string) => Promise<void>;
}

export function passwordMethod(request: QuestionRequest, findings: Findings): Method {
  const { options, ask, note } = request;
  const host = nameOf(options);
  // Counted over the whole login, not per step.
  let tries = 0;
  async function* attempts(conversation: Conversation): MethodAttempts {
    while (tries++ < options.numberOfPasswordPrompts && !options.batchMode) {
      if (tries > 1) note('Permission denied, please try again.\r');
      const text = `${options.user}@${host}'s password: `;
      const password = await ask({ text, echo: false, isEmptyByDefault: true });
      if (password === undefined || password.length === 0) {
        findings.skip('a password is needed, and no person can be asked, or none was given');
      }
      if (password === undefined) return;
      const reply = await conversation.ask(passwordRequest(options.user, password));
      if (reply.type !== 'specific') {
        yield reply;
        continue;
      }
      const verdict = await changePassword(request, conversation, readPasswordChange(reply.body));
      if (verdict === undefined) return;
      yield verdict;
    }
  }
  return { name: 'password', attempts };
}

/** The server demands a new password, and may reject it; undefined if the user gives up. */
async function changePassword(
  request: QuestionRequest,
  conversation: Conversation,
  words: string,
): Promise<AuthResult | undefined> {
  const { options, ask, explain } = request;
  let wanted = words;
  for (let i = 0; i < options.numberOfPasswordPrompts; i++) {
    await explain(wanted);
    const old = await ask({ text: `Enter ${whose(options)} old password: `, echo: false });
    const changed = old === undefined ? undefined : await newPassword(request);
    if (old === undefined || changed === undefined) {
      old?.fill(0);
      return undefined;
    }
    const reply = await conversation.ask(passwordRequest(options.user, old, changed));
    if (reply.type !== 'specific') return reply;
    wanted = readPasswordChange(reply.body);
  }
  return undefined;
}

/** Prompts until both entries match; as in ssh, an empty one gives up. */
async function newPassword({ options, ask, note }: QuestionRequest): Promise<Buffer | undefined> {
  for (;;) {
    const first = await ask({ text: `Enter ${whose(options)} new password: `, echo: false });
    if (first === undefined || first.length === 0) return undefined;
    const again = await ask({ text: `Retype ${whose(options)} new password: `, echo: false });
    const same = again?.equals(first);
    again?.fill(0);
    if (same) return first;
    first.fill(0);
    if (again === undefined) return undefined;
    note('Mismatch; try again, EOF to quit.\r');
  }
}

function whose(options: SshOptions): string {
  return `${options.user}@${nameOf(options)}'s`;
}

export function interactiveMethod(request: QuestionRequest, findings: Findings): Method {
  const { options } = request;
  let tries = 0;
  let isAsking = false;
  async function* attempts(conversation: Conversation): MethodAttempts {
    while (tries++ < options.numberOfPasswordPrompts && !options.batchMode) {
      const dialogue = new Dialogue(request, conversation);
      const verdict = await dialogue.run();
      if (verdict === undefined) {
        findings.skip('questions of the server are left without answers: no person can be asked');
        return;
      }
      yield verdict;
      isAsking ||= dialogue.asked;
      // A server that refuses without a question would do so again.
      if (!isAsking) return;
    }
  }
  return { name: 'keyboard-interactive', attempts };
}

class Dialogue {
  readonly #request: QuestionRequest;
  readonly #conversation: Conversation;
  asked = false;

  constructor(request: QuestionRequest, conversation: Conversation) {
    this.#request = request;
    this.#conversation = conversation;
  }

  /** The verdict; undefined if a prompt got no answer. */
  async run(): Promise<AuthResult | undefined> {
    const { options, explain } = this.#request;
    let reply = await this.#conversation.ask(interactiveRequest(options.user));
    while (reply.type === 'specific') {
      this.asked = true;
      const { name, instruction, prompts } = readInfoRequest(reply.body);
      await explain(name);
      await explain(instruction);
      const answers = await this.#putAll(prompts);
      if (answers === undefined) return undefined;
      reply = await this.#conversation.ask(infoResponse(answers));
    }
    return reply;
  }

  async #putAll(prompts: readonly InfoPrompt[]): Promise<Buffer[] | undefined> {
    const answers: Buffer[] = [];
    for (const prompt of prompts) {
      // In their order: a prompt may depend on the one before it.
      const answer = await this.#put(prompt);
      if (answer === undefined) {
        for (const one of answers) one.fill(0);
        return undefined;
      }
      answers.push(answer);
    }
    return answers;
  }

  #put({ text, echo }: InfoPrompt): Promise<Buffer | undefined> {
    const { options, ask } = this.#request;
    const who = `(${options.user}@${nameOf(options)})`;
    return ask({ text: `${who} ${printable(text)}`, echo });
  }
}

function nameOf({ hostKeyAlias, hostname }: SshOptions): string {
  return hostKeyAlias ?? hostname;
}
