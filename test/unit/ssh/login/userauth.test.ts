import { expect, test } from 'vitest';
import { Reader, Writer } from '../../../../src/base/bytes.ts';
import { SshpoolError } from '../../../../src/base/errors.ts';
import {
  Conversation,
  logIn,
  type MethodAttempts,
  type AuthWire,
  type Method,
} from '../../../../src/ssh/login/userauth.ts';

const SUCCESS = Buffer.of(52);
const failure = (methods: string, partial = false): Buffer =>
  new Writer().byte(51).string(methods).bool(partial).finish();
const banner = (text: string): Buffer => new Writer().byte(53).string(text).string('').finish();

/** The method of a request, and the data that the test methods add. */
function requestOf(payload: Buffer): string {
  const from = new Reader(payload.subarray(1));
  from.text();
  from.text();
  return `${from.text()}${from.rest().toString()}`;
}

/** A server that gives these answers in turn, and the requests that it received. */
function server(answers: readonly Buffer[]): { wire: AuthWire; asked: string[] } {
  const left = [...answers];
  const asked: string[] = [];
  const wire: AuthWire = {
    sessionId: Buffer.alloc(32),
    serverSigAlgs: undefined,
    accepted: Promise.resolve(),
    takesEarly: true,
    send: (payload) => asked.push(requestOf(payload)),
    next: () => {
      const answer = left.shift();
      const lost = SshpoolError.of('CONNECTION_LOST', { host: 'web', reason: 'gone' });
      return answer ? Promise.resolve(answer) : Promise.reject(lost);
    },
  };
  return { wire, asked };
}

/** A method that makes this many attempts, numbered. */
function method(name: string, count: number): Method {
  async function* attempts(conversation: Conversation): MethodAttempts {
    for (let i = 1; i <= count; i++) {
      const request = new Writer().byte(50).string('me').string('ssh-connection').string(name);
      const reply = await conversation.ask(request.raw(Buffer.from(` ${i}`)).finish());
      if (reply.type !== 'specific') yield reply;
    }
  }
  return { name, attempts };
}

/** Logs in against these answers; returns the requests, the remaining methods and the notes. */
async function attempt(
  methods: readonly Method[],
  answers: readonly Buffer[],
): Promise<{ asked: string[]; left: readonly string[] | undefined; banners: string[] }> {
  const { wire, asked } = server(answers);
  const banners: string[] = [];
  const conversation = new Conversation(wire, (text) => banners.push(text));
  const left = await logIn('me', methods, conversation);
  return { asked, left, banners };
}

test('the first key is sent at once, without a request for the methods', async () => {
  const { asked, left } = await attempt([method('publickey', 2)], [SUCCESS]);
  expect(asked).toEqual(['publickey 1']);
  expect(left).toBeUndefined();
});

test('one attempt follows the other until the server accepts', async () => {
  const answers = [failure('publickey'), failure('publickey'), SUCCESS];
  const { asked } = await attempt([method('publickey', 3)], answers);
  expect(asked).toEqual(['publickey 1', 'publickey 2', 'publickey 3']);
});

test('if the first method is not publickey, the client first requests the list of methods', async () => {
  const { asked } = await attempt([method('password', 1)], [failure('password'), SUCCESS]);
  expect(asked).toEqual(['none', 'password 1']);
});

test('a server that requires no authentication accepts the method none', async () => {
  const { asked, left } = await attempt([], [SUCCESS]);
  expect(asked).toEqual(['none']);
  expect(left).toBeUndefined();
});

test('methods that the server does not offer are skipped', async () => {
  const methods = [
    method('publickey', 1),
    method('keyboard-interactive', 1),
    method('password', 1),
  ];
  const { asked, left } = await attempt(methods, [failure('password'), failure('password')]);
  expect(asked).toEqual(['publickey 1', 'password 1']);
  expect(left).toEqual(['password']);
});

test('a method that the server stops offering is not tried again', async () => {
  const answers = [failure('publickey'), failure('password'), SUCCESS];
  const { asked } = await attempt([method('publickey', 9), method('password', 1)], answers);
  expect(asked).toEqual(['publickey 1', 'publickey 2', 'password 1']);
});

test('after a partial success a method starts again', async () => {
  const answers = [failure('publickey'), failure('publickey', true), SUCCESS];
  const { asked } = await attempt([method('publickey', 2)], answers);
  expect(asked).toEqual(['publickey 1', 'publickey 2', 'publickey 1']);
});

test('a method without further attempts is not tried again after a partial success', async () => {
  const answers = [failure('publickey,password'), failure('publickey', true)];
  const { asked, left } = await attempt([method('publickey', 1), method('password', 1)], answers);
  expect(asked).toEqual(['publickey 1', 'password 1']);
  expect(left).toEqual(['publickey']);
});

test('several steps continue with the methods that the server offers next', async () => {
  const answers = [failure('keyboard-interactive', true), SUCCESS];
  const methods = [method('publickey', 2), method('keyboard-interactive', 1)];
  const { asked } = await attempt(methods, answers);
  expect(asked).toEqual(['publickey 1', 'keyboard-interactive 1']);
});

test('banners are shown at any time, and are not answers', async () => {
  const { banners, left } = await attempt(
    [method('publickey', 1)],
    [banner('hello'), banner('there'), SUCCESS],
  );
  expect(banners).toEqual(['hello', 'there']);
  expect(left).toBeUndefined();
});

test('other messages are ignored', async () => {
  const { left } = await attempt([method('publickey', 1)], [Buffer.of(70, 1, 2), SUCCESS]);
  expect(left).toBeUndefined();
});

test('a connection that ends during the login ends the login with its reason', async () => {
  await expect(attempt([method('publickey', 1)], [])).rejects.toThrow('gone');
});

test('a malformed answer ends the login', async () => {
  const malformed = attempt([method('publickey', 1)], [Buffer.of(51, 0, 0)]);
  await expect(malformed).rejects.toMatchObject({ code: 'PROTOCOL' });
});
