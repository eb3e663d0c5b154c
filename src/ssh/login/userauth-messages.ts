/** The messages of RFC 4252, and of RFC 4256 for keyboard-interactive. Knows nothing of their order. */
import { Reader, Writer } from '../../base/bytes.ts';
import { SshpoolError } from '../../base/errors.ts';

export const FIRST_AUTH_MESSAGE = 50;
export const LAST_AUTH_MESSAGE = 79;
export const USERAUTH_SUCCESS = 52;

const NUMBER = {
  request: 50,
  failure: 51,
  success: USERAUTH_SUCCESS,
  banner: 53,
  specific: 60,
  infoResponse: 61,
} as const;

export type AuthReply =
  | { readonly type: 'success' }
  /** `methods` can continue; `partial`: the request succeeded, and another step is required. */
  | { readonly type: 'failure'; readonly methods: readonly string[]; readonly partial: boolean }
  | { readonly type: 'banner'; readonly text: string }
  /** PK_OK, PASSWD_CHANGEREQ or INFO_REQUEST, by the request that was sent (RFC 4252 section 6). */
  | { readonly type: 'specific'; readonly body: Buffer }
  | { readonly type: 'other' };

/** @throws SshpoolError PROTOCOL where it is cut short */
export function readAuthReply(payload: Buffer): AuthReply {
  const from = new Reader(payload);
  switch (from.byte()) {
    case NUMBER.success:
      return { type: 'success' };
    case NUMBER.failure: {
      const methods = from.text().split(',').filter(Boolean);
      return { type: 'failure', methods, partial: from.bool() };
    }
    case NUMBER.banner:
      return { type: 'banner', text: from.text() };
    case NUMBER.specific:
      return { type: 'specific', body: from.rest() };
    default:
      return { type: 'other' };
  }
}

export interface InfoPrompt {
  readonly text: string;
  readonly echo: boolean;
}

export interface InfoRequest {
  readonly name: string;
  readonly instruction: string;
  readonly prompts: readonly InfoPrompt[];
}

/** RFC 4256 section 3.2. @throws SshpoolError PROTOCOL where it is cut short or excessive */
export function readInfoRequest(body: Buffer): InfoRequest {
  const from = new Reader(body);
  const [name, instruction] = [from.text(), from.text()];
  from.string(); // language, deprecated
  const count = from.u32();
  if (count > MAX_PROMPTS) throw SshpoolError.of('PROTOCOL', { problem: `${count} questions` });
  const prompts: InfoPrompt[] = [];
  for (let i = 0; i < count; i++) prompts.push({ text: from.text(), echo: from.bool() });
  return { name, instruction, prompts };
}

/** More than any person would answer. */
const MAX_PROMPTS = 100;

/** The body of PASSWD_CHANGEREQ: its prompt. @throws SshpoolError PROTOCOL where it is cut short */
export function readPasswordChange(body: Buffer): string {
  return new Reader(body).text();
}

const SERVICE = 'ssh-connection';

function request(user: string, method: string): Writer {
  return new Writer().byte(NUMBER.request).string(user).string(SERVICE).string(method);
}

/** Asks which methods there are (RFC 4252 section 5.2). */
export function noneRequest(user: string): Buffer {
  return request(user, 'none').finish();
}

/** RFC 4252 section 8. Zeroes the passwords, which from then on are in the request alone. */
export function passwordRequest(user: string, password: Buffer, newPassword?: Buffer): Buffer {
  const to = request(user, 'password')
    .bool(newPassword !== undefined)
    .secret(password);
  return (newPassword === undefined ? to : to.secret(newPassword)).finish();
}

/** RFC 4256 section 3.1; language and submethods are left to the server. */
export function interactiveRequest(user: string): Buffer {
  return request(user, 'keyboard-interactive').string('').string('').finish();
}

/** Zeroes the answers, which from then on are in the response alone. */
export function infoResponse(answers: readonly Buffer[]): Buffer {
  const to = new Writer().byte(NUMBER.infoResponse).u32(answers.length);
  for (const answer of answers) to.secret(answer);
  return to.finish();
}

/** Asks whether the server would accept a key, without a signature (RFC 4252 section 7). */
export function keyQuery(user: string, algorithm: string, blob: Buffer): Buffer {
  return request(user, 'publickey').bool(false).string(algorithm).string(blob).finish();
}

/** The request that is signed, after the session identifier. */
export function signedPart(user: string, algorithm: string, blob: Buffer): Buffer {
  return request(user, 'publickey').bool(true).string(algorithm).string(blob).finish();
}

export function keyRequest(part: Buffer, signature: Buffer): Buffer {
  return new Writer().raw(part).string(signature).finish();
}
