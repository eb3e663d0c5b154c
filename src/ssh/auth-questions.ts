/**
 * The methods that ask a person: password (RFC 4252 section 8) and keyboard-interactive (RFC 4256),
 * with the words and the number of tries that ssh has (sshconnect2.c). Answers are sent and
 * forgotten.
 */
import type { SshOptions } from '../config/ssh-options.ts';
import type { Findings } from './findings.ts';
import { printable } from './printable.ts';
import type { Ask } from './prompts.ts';
import type { Attempts, Conversation, Method, Verdict } from './userauth.ts';
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
  readonly note: (text: string) => void;
}

export function passwordMethod(request: QuestionRequest, findings: Findings): Method {
  const { options, ask, note } = request;
  const host = nameOf(options);
  async function* attempts(conversation: Conversation): Attempts {
    for (let i = 0; i < options.numberOfPasswordPrompts && !options.batchMode; i++) {
      if (i > 0) note('Permission denied, please try again.');
      // One after the other: each is a try of its own.
      const password = await ask({ text: `${options.user}@${host}'s password: `, echo: false });
      if (password === undefined) {
        findings.skip('a password is needed and there is nobody to ask');
        return;
      }
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

/** The server wants another password before it lets anybody in (sshconnect2.c). */
async function changePassword(
  { options, ask, note }: QuestionRequest,
  conversation: Conversation,
  words: string,
): Promise<Verdict | undefined> {
  const who = `${options.user}@${nameOf(options)}'s`;
  for (const line of printable(words).split('\n')) if (line !== '') note(line);
  const old = await ask({ text: `Enter ${who} old password: `, echo: false });
  for (;;) {
    const [first, again] = [
      await ask({ text: `Enter ${who} new password: `, echo: false }),
      await ask({ text: `Retype ${who} new password: `, echo: false }),
    ];
    // As for ssh, an empty one gives up.
    if (old === undefined || !first || again === undefined) return undefined;
    if (first === again) {
      const reply = await conversation.ask(passwordRequest(options.user, old, first));
      return reply.type === 'specific' ? undefined : reply;
    }
    note('Mismatch; try again, EOF to quit.');
  }
}

export function interactiveMethod(request: QuestionRequest, findings: Findings): Method {
  const { options } = request;
  async function* attempts(conversation: Conversation): Attempts {
    for (let i = 0; i < options.numberOfPasswordPrompts && !options.batchMode; i++) {
      const dialogue = new Dialogue(request, conversation);
      const verdict = await dialogue.run();
      if (verdict === undefined) {
        findings.skip('questions of the server are left without answers: there is nobody to ask');
        return;
      }
      yield verdict;
      // A server that refuses without a question would do so again.
      if (!dialogue.asked) return;
    }
  }
  return { name: 'keyboard-interactive', attempts };
}

/** One run of questions and answers. */
class Dialogue {
  readonly #request: QuestionRequest;
  readonly #conversation: Conversation;
  asked = false;

  constructor(request: QuestionRequest, conversation: Conversation) {
    this.#request = request;
    this.#conversation = conversation;
  }

  /** The verdict; undefined where a question found nobody. */
  async run(): Promise<Verdict | undefined> {
    const { options, note } = this.#request;
    let reply = await this.#conversation.ask(interactiveRequest(options.user));
    while (reply.type === 'specific') {
      this.asked = true;
      const { name, instruction, prompts } = readInfoRequest(reply.body);
      for (const text of [name, instruction]) if (text !== '') note(printable(text).trimEnd());
      const answers: string[] = [];
      for (const prompt of prompts) {
        // In their order: the second may come of the first.
        const answer = await this.#put(prompt);
        if (answer === undefined) return undefined;
        answers.push(answer);
      }
      reply = await this.#conversation.ask(infoResponse(answers));
    }
    return reply;
  }

  #put({ text, echo }: InfoPrompt): Promise<string | undefined> {
    const { options, ask } = this.#request;
    const who = `(${options.user}@${nameOf(options)})`;
    return ask({ text: `${who} ${printable(text)}`, echo });
  }
}

function nameOf({ hostKeyAlias, hostname }: SshOptions): string {
  return hostKeyAlias ?? hostname;
}
