/** A login as a whole: real key files, a software key agent, and a server that follows a script. */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  sign as signBy,
  verify,
} from 'node:crypto';
import { chmodSync, copyFileSync, readFileSync, rmSync } from 'node:fs';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { Reader, Writer } from '../../../../src/base/bytes.ts';
import { SshpoolError } from '../../../../src/base/errors.ts';
import { systemClock } from '../../../../src/base/time.ts';
import { readSshOptions } from '../../../../src/config/ssh-config/options.ts';
import { parseTarget } from '../../../../src/config/command-line/target.ts';
import { Login } from '../../../../src/ssh/login/auth.ts';
import { beyondSsh2 } from '../../../../src/ssh/link/beyond-ssh2.ts';
import type { AuthWire } from '../../../../src/ssh/login/userauth.ts';
import { createSandbox, type Sandbox } from '../../../support/sandbox.ts';
import { startSoftAgent, type SoftKey } from '../../../support/soft-agent.ts';
import { blobOf, keygen, makeKey } from '../keys/keygen.ts';

const SUCCESS = Buffer.of(52);
const failure = (methods = 'publickey', partial = false): Buffer =>
  new Writer().byte(51).string(methods).bool(partial).finish();

interface KeyRequest {
  readonly signed: boolean;
  readonly algorithm: string;
  readonly blob: Buffer;
  readonly signature: Buffer | undefined;
  /** The data that is signed, without the session identifier. */
  readonly part: Buffer;
}

/** The server's answer to a publickey request; it refuses other methods. */
type Script = (request: KeyRequest, count: number) => Buffer;

const pkOk = ({ algorithm, blob }: KeyRequest): Buffer =>
  new Writer().byte(60).string(algorithm).string(blob).finish();

/** Checks keys as sshd does, and accepts a signature by one of these keys. */
const accepting =
  (...blobs: readonly Buffer[]): Script =>
  (request) => {
    if (!blobs.some((blob) => blob.equals(request.blob))) return failure();
    return request.signed ? SUCCESS : pkOk(request);
  };

/** Accepts no key. */
const refusesAll: Script = () => failure();

/** Requires two keys. */
const twoSteps: Script = (_, count) => (count === 1 ? failure('publickey', true) : SUCCESS);

const SESSION_ID = Buffer.alloc(32, 7);

let where: Sandbox;
/** Publickey requests, and the names of other methods. */
let sent: KeyRequest[];
let others: string[];
let questions: string[];

beforeEach(() => {
  where = createSandbox();
  [sent, others, questions] = [[], [], []];
  onTestFinished(() => where[Symbol.asyncDispose]());
});

/** The signature algorithms that the server announces at first, and after it knows the user. */
interface SigAlgs {
  readonly first: readonly string[];
  readonly later?: readonly string[];
}

function wireTo(script: Script, { sigAlgs, methods }: Given): AuthWire {
  const answers: Buffer[] = [];
  let isKnown = false;
  return {
    sessionId: SESSION_ID,
    get serverSigAlgs() {
      return (isKnown ? sigAlgs?.later : undefined) ?? sigAlgs?.first;
    },
    accepted: Promise.resolve(),
    takesEarly: true,
    send(payload) {
      isKnown = true;
      const from = new Reader(payload.subarray(1));
      const [, , method] = [from.text(), from.text(), from.text()];
      if (method !== 'publickey') {
        others.push(method);
        answers.push(failure(methods));
        return;
      }
      const [signed, algorithm, blob] = [from.bool(), from.text(), from.string()];
      const signature = signed ? from.string() : undefined;
      const part = payload.subarray(0, payload.length - (signature ? signature.length + 4 : 0));
      sent.push({ signed, algorithm, blob, signature, part });
      answers.push(script({ signed, algorithm, blob, signature, part }, sent.length));
    },
    next() {
      const answer = answers.shift();
      const lost = SshpoolError.of('CONNECTION_LOST', { host: 'web', reason: 'gone' });
      return answer ? Promise.resolve(answer) : Promise.reject(lost);
    },
  };
}

interface Given {
  readonly config?: readonly string[];
  readonly keyAgent?: string;
  readonly answers?: readonly string[];
  readonly sigAlgs?: SigAlgs;
  /** The methods that the server offers. */
  readonly methods?: string;
  readonly hasAlternative?: boolean;
}

/** A login as `me`. */
function loginOf(given: Given): Login {
  const { config = [], keyAgent, answers = [], hasAlternative = false } = given;
  const left = [...answers];
  const printed = ['user me', 'hostname web', 'identityfile none', ...config].join('\n');
  const account = { home: where.home, user: 'me', uid: 7, localHost: 'here' };
  return new Login({
    options: readSshOptions(`${printed}\n`, {
      ...{ target: parseTarget('web'), configFile: undefined, cwd: '/', account, env: {} },
    }),
    ...{ keyAgent, hasAlternative, clock: systemClock, signal: new AbortController().signal },
    ...{ note: () => undefined, env: {} },
    ask({ text }) {
      questions.push(text);
      const answer = left.shift();
      return Promise.resolve(answer === undefined ? undefined : Buffer.from(answer));
    },
  });
}

/** Logs in; returns the error if that fails. */
async function logIn(
  script: Script,
  given: Given = {},
  login = loginOf(given),
): Promise<SshpoolError | undefined> {
  try {
    await login.run(wireTo(script, given));
    return undefined;
  } catch (thrown) {
    if (thrown instanceof SshpoolError) return thrown;
    throw thrown;
  }
}

/** A key file and the bytes of its public half. */
function keyFile(name: string, type = 'ed25519', ...more: readonly string[]): [string, Buffer] {
  const file = where.path(name);
  return [file, blobOf(makeKey(file, type, ...more))];
}

const files = (...names: readonly string[]): string[] =>
  names.map((name) => `identityfile ${name}`);
const blobs = (): Buffer[] => sent.map(({ blob }) => blob);

/** A key file that does not show its public key. */
function locked(): [string, Buffer] {
  const made = keyFile('a', 'rsa', '-b', '2048', '-m', 'PKCS8', '-N', 'secret');
  rmSync(`${made[0]}.pub`);
  return made;
}

describe('a key in a file', () => {
  it('signs after the server has accepted its public key', async () => {
    const [file, blob] = keyFile('a');
    expect(await logIn(accepting(blob), { config: files(file) })).toBeUndefined();
    expect(sent).toMatchObject([
      { signed: false, algorithm: 'ssh-ed25519' },
      { signed: true, algorithm: 'ssh-ed25519' },
    ]);
    const from = new Reader(sent[1]?.signature ?? Buffer.alloc(0));
    expect(from.text()).toBe('ssh-ed25519');
    const data = new Writer()
      .string(SESSION_ID)
      .raw(sent[1]?.part ?? SESSION_ID)
      .finish();
    const key = createPublicKey({ key: spki(blob), format: 'der', type: 'spki' });
    expect(verify(null, data, key, from.string())).toBe(true);
  });

  it('does not sign if the server does not accept it', async () => {
    const keys = Array.from({ length: 7 }, (_, at) => keyFile(`key${at}`));
    const last = keys.at(-1)?.[1] ?? Buffer.alloc(0);
    const config = files(...keys.map(([file]) => file));
    expect(await logIn(accepting(last), { config })).toBeUndefined();
    expect(sent.filter(({ signed }) => signed).map(({ blob }) => blob)).toEqual([last]);
  });

  it('that is encrypted gets a prompt only after the server has accepted its public key', async () => {
    const [refused] = keyFile('a', 'ed25519', '-N', 'secret');
    const [taken, blob] = keyFile('b', 'ed25519', '-N', 'secret');
    const given = { config: files(refused, taken), answers: ['wrong', 'secret'] };
    expect(await logIn(accepting(blob), given)).toBeUndefined();
    expect(sent.map(({ signed }) => signed)).toEqual([false, false, true]);
    const question = `Enter passphrase for key '${taken}': `;
    expect(questions).toEqual([question, question]);
  });

  describe('whose public key is known only after decryption', () => {
    it('gets its prompt in its turn, once', async () => {
      const [other, refused] = keyFile('other');
      const [file, blob] = locked();
      const sigAlgs = { first: ['rsa-sha2-512'] };
      const given = { config: files(other, file), answers: ['secret'], sigAlgs };
      expect(await logIn(accepting(blob), given)).toBeUndefined();
      expect(questions).toEqual([`Enter passphrase for key '${file}': `]);
      expect(blobs()).toEqual([refused, blob, blob]);
    });

    it('gets no prompt if the server does not check keys', async () => {
      const [file] = locked();
      const given = { config: files(file), answers: ['secret'], methods: 'password' };
      await logIn(refusesAll, given);
      expect(others).toEqual(['none']);
      expect(questions).toEqual([]);
    });

    it('is not sent if the user excludes its type', async () => {
      const [file, blob] = locked();
      const config = [...files(file), 'pubkeyacceptedalgorithms ssh-ed25519'];
      await logIn(accepting(blob), { config, answers: ['secret'] });
      expect(sent).toEqual([]);
    });

    it('is left to OpenSSH after one prompt if only OpenSSH can sign with it', async () => {
      const { privateKey } = generateKeyPairSync('dsa', {
        modulusLength: 1024,
        divisorLength: 160,
      });
      const lock = { cipher: 'aes-256-cbc', passphrase: 'secret' };
      const text = privateKey.export({ type: 'pkcs8', format: 'pem', ...lock });
      const file = where.write('dsa', text.toString());
      chmodSync(file, 0o600);
      const error = await logIn(refusesAll, { config: files(file), answers: ['secret', 'secret'] });
      expect(questions).toHaveLength(1);
      expect(beyondSsh2(error)).toContain('is not supported');
    });
  });

  it('gets no prompt under BatchMode', async () => {
    const [file, blob] = keyFile('a', 'ed25519', '-N', 'secret');
    const error = await logIn(accepting(blob), { config: [...files(file), 'batchmode yes'] });
    expect(error?.message).toContain('needs its passphrase');
    expect(questions).toEqual([]);
  });

  it('signs with SHA-1 if the server is old and the user allows it', async () => {
    const [file, blob] = keyFile('a', 'rsa', '-b', '2048');
    const config = [...files(file), 'pubkeyacceptedalgorithms rsa-sha2-512,ssh-rsa'];
    expect(await logIn(accepting(blob), { config })).toBeUndefined();
    expect(sent).toMatchObject([
      { signed: false, algorithm: 'ssh-rsa' },
      { signed: true, algorithm: 'ssh-rsa' },
    ]);
  });

  it('without a common algorithm is not sent', async () => {
    const [file, blob] = keyFile('a', 'rsa', '-b', '2048');
    const config = [...files(file), 'pubkeyacceptedalgorithms rsa-sha2-512'];
    const error = await logIn(accepting(blob), { config });
    expect(error?.message).toContain('no mutual signature algorithm');
    expect(sent).toEqual([]);
  });

  it('signs with an algorithm that the server announces after it knows the user', async () => {
    const [file, blob] = keyFile('a', 'rsa', '-b', '2048');
    const sigAlgs = { first: ['ssh-ed25519'], later: ['ssh-ed25519', 'rsa-sha2-512'] };
    const config = files(file);
    expect(await logIn(accepting(blob), { config, sigAlgs })).toBeUndefined();
    expect(others).toEqual(['none']);
    expect(sent.map(({ algorithm }) => algorithm)).toEqual(['rsa-sha2-512', 'rsa-sha2-512']);
  });

  it('that is shorter than RequiredRSASize is not sent', async () => {
    const [file, blob] = keyFile('a', 'rsa', '-b', '2048');
    const config = [...files(file), 'requiredrsasize 3072'];
    const error = await logIn(accepting(blob), { config, sigAlgs: { first: ['rsa-sha2-512'] } });
    expect(error?.message).toContain('RequiredRSASize');
    expect(sent).toEqual([]);
  });
});

/** The public key of an ssh-ed25519 blob in the format of RFC 8410. */
function spki(blob: Buffer): Buffer {
  return Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), blob.subarray(-32)]);
}

/** A key in the software agent, which signs with the file if there is one. */
function held(comment: string, blob: Buffer, signs = true): SoftKey {
  const signature = new Writer().string('ssh-ed25519').string(Buffer.alloc(64)).finish();
  return { comment, blob, ...(signs ? { sign: () => signature } : {}) };
}

function sha256(data: Buffer | string): Buffer {
  return createHash('sha256').update(data).digest();
}

/** A security key, with a signature as of an authenticator (PROTOCOL.u2f). */
function securityKey(): SoftKey {
  const { d, x } = { d: Buffer.alloc(32, 3), x: Buffer.alloc(32) };
  const pkcs8 = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), d]);
  const key = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' });
  const type = 'sk-ssh-ed25519@openssh.com';
  const tail = new Writer().byte(1).u32(42).finish();
  return {
    comment: 'token',
    blob: new Writer().string(type).string(x).string('ssh:').finish(),
    sign: (data) => {
      const raw = signBy(null, Buffer.concat([sha256('ssh:'), tail, sha256(data)]), key);
      return new Writer().string(type).string(raw).raw(tail).finish();
    },
  };
}

describe('a key agent', () => {
  it('has the signature of a security key passed on whole', async () => {
    const key = securityKey();
    const keyAgent = await startSoftAgent(where, [key]);
    expect(await logIn(accepting(key.blob), { keyAgent })).toBeUndefined();
    expect(sent.map(({ signed }) => signed)).toEqual([false, true]);
    const data = new Writer()
      .string(SESSION_ID)
      .raw(sent[1]?.part ?? SESSION_ID)
      .finish();
    expect(sent[1]?.signature).toEqual(key.sign?.(data, 0));
  });

  it('gets the hash for the signature of an RSA key', async () => {
    const [, blob] = keyFile('a', 'rsa', '-b', '2048');
    const asked: number[] = [];
    const sign = (_: Buffer, flags: number): Buffer => {
      asked.push(flags);
      return new Writer().string('rsa-sha2-256').string('signature').finish();
    };
    const keyAgent = await startSoftAgent(where, [{ blob, comment: 'a', sign }]);
    expect(
      await logIn(accepting(blob), { keyAgent, sigAlgs: { first: ['rsa-sha2-256'] } }),
    ).toBeUndefined();
    expect(asked).toEqual([2]);
  });

  it('that signs with another algorithm is skipped', async () => {
    const [, blob] = keyFile('a', 'rsa', '-b', '2048');
    const signature = new Writer().string('ssh-rsa').string('signature').finish();
    const sign = (): Buffer => signature;
    const keyAgent = await startSoftAgent(where, [{ blob, comment: 'a', sign }]);
    const error = await logIn(accepting(blob), { keyAgent, sigAlgs: { first: ['rsa-sha2-256'] } });
    expect(error?.message).toContain('the key agent signs by ssh-rsa');
    expect(sent.filter(({ signed }) => signed)).toEqual([]);
  });

  it('that refuses to sign leaves the other keys to be tried, and the rest to OpenSSH', async () => {
    const [[, one], [, other]] = [keyFile('a'), keyFile('b')];
    const keyAgent = await startSoftAgent(where, [held('a', one, false), held('b', other)]);
    expect(await logIn(accepting(one, other), { keyAgent })).toBeUndefined();
    expect(blobs()).toEqual([one, other, other]);
    const error = await logIn(accepting(one), { keyAgent });
    expect(beyondSsh2(error)).toBe('the key agent would not sign with a');
  });

  it('that is gone does not prevent trying the files', async () => {
    const [file, blob] = keyFile('a');
    const given = { config: files(file), keyAgent: where.path('nothing') };
    expect(await logIn(accepting(blob), given)).toBeUndefined();
  });
});

/** Certifies a key, and returns the bytes of the certificate. */
function certify(file: string): Buffer {
  const ca = where.path('ca');
  makeKey(ca, 'ed25519');
  keygen('-q', '-s', ca, '-I', 'id', '-n', 'me', `${file}.pub`);
  return blobOf(readFileSync(`${file}-cert.pub`, 'utf8'));
}

describe('the order of keys', () => {
  it('is that of the agent, keys of the configuration first, then the files', async () => {
    const [a, b, c, d] = [keyFile('a'), keyFile('b'), keyFile('c'), keyFile('d')];
    const keyAgent = await startSoftAgent(where, [
      held('d', d[1]),
      held('b', b[1]),
      held('a', a[1]),
    ]);
    await logIn(refusesAll, { config: files(a[0], c[0], b[0]), keyAgent });
    expect(blobs()).toEqual([b[1], a[1], d[1], c[1]]);
  });

  it('has only configured keys with IdentitiesOnly, and a public key file is enough to name one', async () => {
    const [a, b] = [keyFile('a'), keyFile('b')];
    rmSync(a[0]);
    const keyAgent = await startSoftAgent(where, [held('b', b[1]), held('a', a[1])]);
    const config = [...files(`${a[0]}.pub`), 'identitiesonly yes'];
    await logIn(refusesAll, { config, keyAgent });
    expect(blobs()).toEqual([a[1]]);
  });

  it('has the certificate beside a file after its key', async () => {
    const [a, b] = [keyFile('a'), keyFile('b')];
    const certificate = certify(a[0]);
    await logIn(refusesAll, { config: files(a[0], b[0]) });
    expect(blobs()).toEqual([a[1], certificate, b[1]]);
  });

  it('has a certificate of CertificateFile first, and then none beside the files', async () => {
    const [a, b] = [keyFile('a'), keyFile('b')];
    const certificate = certify(a[0]);
    copyFileSync(`${a[0]}-cert.pub`, where.path('elsewhere'));
    const config = [...files(b[0], a[0]), `certificatefile ${where.path('elsewhere')}`];
    await logIn(refusesAll, { config });
    expect(blobs()).toEqual([certificate, b[1], a[1]]);
  });

  it('omits a certificate without a private key', async () => {
    const [a, b] = [keyFile('a'), keyFile('b')];
    certify(a[0]);
    const config = [...files(b[0]), `certificatefile ${a[0]}-cert.pub`];
    await logIn(refusesAll, { config });
    expect(blobs()).toEqual([b[1]]);
  });

  it('includes a certificate whose key the agent holds', async () => {
    const a = keyFile('a');
    const certificate = certify(a[0]);
    rmSync(a[0]);
    const keyAgent = await startSoftAgent(where, [held('a', a[1])]);
    const config = files(a[0]);
    expect(await logIn(accepting(certificate), { config, keyAgent })).toBeUndefined();
  });

  it('continues with the next key after a partial success', async () => {
    const [a, b] = [keyFile('a'), keyFile('b')];
    expect(await logIn(twoSteps, { config: files(a[0], b[0]) })).toBeUndefined();
    expect(blobs()).toEqual([a[1], b[1]]);
  });
});

describe('methods', () => {
  it('are tried in the order of PreferredAuthentications', async () => {
    const [file, blob] = keyFile('a');
    const config = [...files(file), 'preferredauthentications password,publickey'];
    const given = { config: [...config, 'passwordauthentication yes'], answers: ['pw'] };
    expect(await logIn(accepting(blob), given)).toBeUndefined();
    // The server offers no passwords, which only the answer to the method none shows.
    expect(others).toEqual(['none']);
  });

  it('that are not in PreferredAuthentications are not tried', async () => {
    const [file, blob] = keyFile('a');
    const config = [...files(file), 'preferredauthentications password'];
    expect((await logIn(accepting(blob), { config }))?.code).toBe('AUTH_FAILED');
    expect(sent).toEqual([]);
  });
});

it('a login that the server aborts still reports what OpenSSH could have done', async () => {
  const [, blob] = keyFile('a');
  const keyAgent = await startSoftAgent(where, [held('a', blob, false)]);
  const login = loginOf({ keyAgent });
  await logIn(accepting(blob), {}, login);
  const error = login.denied(['publickey'], { words: 'Too many authentication failures' });
  expect(error.message).toContain('Too many authentication failures; a: ');
  expect(beyondSsh2(error)).toBe('the key agent would not sign with a');
});

it('control sequences of a server are escaped in the error', async () => {
  const [file] = keyFile('a');
  const error = await logIn(() => failure('\u001b[2J\nx'), { config: files(file) });
  expect(error?.message).toContain('Permission denied (\\033[2J x)');
});
