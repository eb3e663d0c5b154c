import { beforeEach, describe, expect, it } from 'vitest';
import { Reader, Writer } from '../../../../src/base/bytes.ts';
import { SshpoolError } from '../../../../src/base/errors.ts';
import type { SshOptions } from '../../../../src/config/ssh-config/options.ts';
import { interactiveMethod, passwordMethod } from '../../../../src/ssh/login/auth-questions.ts';
import { Findings } from '../../../../src/ssh/login/findings.ts';
import type { Question } from '../../../../src/ssh/link/prompts.ts';
import { Conversation, type AuthWire, type Method } from '../../../../src/ssh/login/userauth.ts';

const FAILURE = new Writer().byte(51).string('password').bool(false).finish();
const SUCCESS = Buffer.of(52);
const changeRequest = new Writer().byte(60).string('Too old').string('').finish();

interface Prompt {
  readonly text: string;
  readonly echo: boolean;
}
function infoRequest(prompts: readonly Prompt[], name = '', instruction = ''): Buffer {
  const to = new Writer().byte(60).string(name).string(instruction).string('');
  to.u32(prompts.length);
  for (const { text, echo } of prompts) to.string(text).bool(echo);
  return to.finish();
}

let asked: Question[];
let notes: string[];
let sent: Buffer[];
let findings: Findings;

beforeEach(() => {
  [asked, notes, sent] = [[], [], []];
  findings = new Findings(() => undefined);
});

/** A method and its prompts; the user gives these answers, and then none. */
function prepare(
  make: (typeof methods)[number],
  given: readonly (string | undefined)[],
  replies: readonly Buffer[],
  more: Partial<SshOptions> = {},
): { method: Method; conversation: Conversation } {
  const [answers, left] = [[...given], [...replies]];
  const wire: AuthWire = {
    sessionId: Buffer.alloc(32),
    serverSigAlgs: undefined,
    accepted: Promise.resolve(),
    takesEarly: true,
    send: (payload) => sent.push(payload),
    next: () => {
      const reply = left.shift();
      const lost = SshpoolError.of('CONNECTION_LOST', { host: 'web', reason: 'gone' });
      return reply ? Promise.resolve(reply) : Promise.reject(lost);
    },
  };
  const options = { user: 'me', hostname: 'web', numberOfPasswordPrompts: 3, batchMode: false };
  const request = {
    // These methods use no other option.
    options: { ...options, ...more } as unknown as SshOptions,
    ask: (question: Question) => {
      asked.push(question);
      const answer = answers.shift();
      return Promise.resolve(answer === undefined ? undefined : Buffer.from(answer));
    },
    note: (text: string) => notes.push(text),
    explain: (text: string) => {
      if (text !== '') notes.push(text);
      return Promise.resolve();
    },
  };
  return { method: make(request, findings), conversation: new Conversation(wire, () => undefined) };
}

/** Runs a method to its end. */
async function run(...given: Parameters<typeof prepare>): Promise<string[]> {
  const { method, conversation } = prepare(...given);
  const verdicts: string[] = [];
  for await (const verdict of method.attempts(conversation)) {
    verdicts.push(verdict.type);
    if (verdict.type === 'success') break;
  }
  return verdicts;
}
const methods = [passwordMethod, interactiveMethod] as const;

/** The passwords in the fields of a password request. */
function passwords(payload: Buffer | undefined): string[] {
  const from = new Reader((payload ?? Buffer.alloc(1)).subarray(1));
  for (let i = 0; i < 3; i++) from.text();
  const isChange = from.bool();
  return isChange ? [from.text(), from.text()] : [from.text()];
}

describe('password', () => {
  it("is asked for without echo, with ssh's prompt, and sent", async () => {
    expect(await run(passwordMethod, ['secret'], [SUCCESS])).toEqual(['success']);
    const question = { text: "me@web's password: ", echo: false, isEmptyByDefault: true };
    expect(asked).toEqual([question]);
    expect(passwords(sent[0])).toEqual(['secret']);
  });

  it("is asked for three times, from the second time on with ssh's message", async () => {
    const verdicts = await run(passwordMethod, ['a', 'b', 'c', 'd'], [FAILURE, FAILURE, FAILURE]);
    expect(verdicts).toEqual(['failure', 'failure', 'failure']);
    expect(asked).toHaveLength(3);
    expect(notes).toEqual([
      'Permission denied, please try again.\r',
      'Permission denied, please try again.\r',
    ]);
  });

  it('is asked for as many times as NumberOfPasswordPrompts says', async () => {
    const more = { numberOfPasswordPrompts: 1 };
    expect(await run(passwordMethod, ['a', 'b'], [FAILURE], more)).toEqual(['failure']);
  });

  it('is asked for under the name of HostKeyAlias', async () => {
    await run(passwordMethod, [], [], { hostKeyAlias: 'alias' });
    expect(asked[0]?.text).toBe("me@alias's password: ");
  });

  it('is not asked for under BatchMode', async () => {
    expect(await run(passwordMethod, ['a'], [], { batchMode: true })).toEqual([]);
    expect(asked).toEqual([]);
  });

  it('without a user to ask is not sent, and the error reports that', async () => {
    expect(await run(passwordMethod, [], [])).toEqual([]);
    expect(sent).toEqual([]);
    expect(findings.detail).toContain('no person can be asked');
  });

  it('is empty if none is typed, as with ssh, and the error reports that', async () => {
    const more = { numberOfPasswordPrompts: 2 };
    expect(await run(passwordMethod, ['', ''], [FAILURE, FAILURE], more)).toEqual([
      'failure',
      'failure',
    ]);
    expect(sent).toHaveLength(2);
    expect(findings.detail).toContain('no person can be asked');
  });

  it('is changed if the server requires it', async () => {
    const answers = ['old', 'old', 'new', 'new'];
    expect(await run(passwordMethod, answers, [changeRequest, SUCCESS])).toEqual(['success']);
    expect(notes).toEqual(['Too old']);
    expect(passwords(sent[1])).toEqual(['old', 'new']);
    expect(asked.every(({ echo }) => !echo)).toBe(true);
  });

  it('is not changed if the two new ones differ', async () => {
    const answers = ['old', 'old', 'new', 'typo', 'new', 'new'];
    expect(await run(passwordMethod, answers, [changeRequest, SUCCESS])).toEqual(['success']);
    expect(notes).toEqual(['Too old', 'Mismatch; try again, EOF to quit.\r']);
  });

  it('is changed once more if the server rejects the new one', async () => {
    const answers = ['old', 'old', 'short', 'short', 'old', 'longer', 'longer'];
    const replies = [changeRequest, changeRequest, SUCCESS];
    expect(await run(passwordMethod, answers, replies)).toEqual(['success']);
    expect(passwords(sent[2])).toEqual(['old', 'longer']);
  });

  it('is not changed for ever', async () => {
    const answers = Array.from({ length: 40 }, () => 'same');
    const replies = Array.from({ length: 20 }, () => changeRequest);
    expect(await run(passwordMethod, answers, replies)).toEqual([]);
    expect(sent).toHaveLength(4);
  });

  it('is not asked for more times if the login has several steps', async () => {
    const { method, conversation } = prepare(
      passwordMethod,
      ['a', 'b', 'c', 'd'],
      [FAILURE, FAILURE, FAILURE],
    );
    await method.attempts(conversation).next();
    for await (const verdict of method.attempts(conversation)) expect(verdict.type).toBe('failure');
    expect(asked).toHaveLength(3);
  });

  it('is not changed to an empty one', async () => {
    expect(await run(passwordMethod, ['old', 'old', ''], [changeRequest])).toEqual([]);
  });
});

describe('keyboard-interactive', () => {
  const code = { text: 'Code: ', echo: true };
  const pin = { text: 'PIN: ', echo: false };

  it("shows each prompt as ssh does, with the server's echo flag", async () => {
    const replies = [infoRequest([pin, code], 'Two questions', 'Mind them'), SUCCESS];
    expect(await run(interactiveMethod, ['1', '2'], replies)).toEqual(['success']);
    expect(asked).toEqual([
      { text: '(me@web) PIN: ', echo: false },
      { text: '(me@web) Code: ', echo: true },
    ]);
    expect(notes).toEqual(['Two questions', 'Mind them']);
  });

  it('continues as long as the server asks', async () => {
    const replies = [infoRequest([pin]), infoRequest([code]), infoRequest([]), SUCCESS];
    expect(await run(interactiveMethod, ['1', '2'], replies)).toEqual(['success']);
    expect(sent).toHaveLength(4);
  });

  it('escapes control sequences of the server', async () => {
    await run(
      interactiveMethod,
      ['1'],
      [infoRequest([{ text: '\u001b[2J', echo: true }]), SUCCESS],
    );
    expect(asked[0]?.text).toBe('(me@web) \\033[2J');
  });

  it('ends after one refusal without a prompt', async () => {
    expect(await run(interactiveMethod, [], [FAILURE, FAILURE])).toEqual(['failure']);
  });

  it('is tried again after wrong answers', async () => {
    const replies = [infoRequest([pin]), FAILURE, infoRequest([pin]), SUCCESS];
    expect(await run(interactiveMethod, ['1', '2'], replies)).toEqual(['failure', 'success']);
  });

  it('without a user to ask is skipped', async () => {
    expect(await run(interactiveMethod, [], [infoRequest([pin])])).toEqual([]);
    expect(findings.detail).toContain('no person can be asked');
  });
});
