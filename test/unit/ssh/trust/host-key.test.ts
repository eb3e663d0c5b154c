import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SshOptions } from '../../../../src/config/ssh-config/options.ts';
import { SshpoolError } from '../../../../src/base/errors.ts';
import { verifyHostKey } from '../../../../src/ssh/trust/host-key.ts';
import { parseHostKeyAnswer } from '../../../../src/ssh/trust/host-key-question.ts';
import { fingerprint, parseKnownHosts } from '../../../../src/ssh/trust/known-hosts-lines.ts';
import { askKeygen, blobOf, makeDirectory, makeKey } from '../keys/keygen.ts';

const directory = makeDirectory();
const at = (name: string): string => join(directory.path, name);
let key = '';

function installSsh(version: string): void {
  writeFileSync(at('ssh'), `#!/bin/sh\necho OpenSSH_${version} >&2\n`, { mode: 0o755 });
}

beforeAll(() => {
  key = makeKey(at('key'), 'ed25519');
  installSsh('9.2p1');
});
afterAll(() => directory[Symbol.dispose]());

interface Trial {
  readonly asked: string[];
  readonly notes: string[];
  /** The known_hosts line that matches the key, or why it was refused. */
  readonly result: string | undefined;
}

let files = 0;

async function verify(
  known: string,
  answers: readonly (string | undefined)[],
  more: Partial<SshOptions> = {},
  { address }: { readonly address: string | undefined } = { address: '10.1.2.3' },
): Promise<Trial & { readonly file: string }> {
  const [asked, notes]: string[][] = [[], []];
  const file = at(`known${++files}`);
  const options = {
    port: 2222,
    strictHostKeyChecking: 'ask',
    batchMode: false,
    hashKnownHosts: false,
    fingerprintHash: 'sha256',
    showsServerWords: true,
    userKnownHostsFiles: [file],
    globalKnownHostsFiles: [],
    relativeNames: new Map([[file, 'known']]),
    ...more,
  } as unknown as SshOptions;
  const left = [...answers];
  const result = verifyHostKey(
    {
      options,
      known: parseKnownHosts(known, at('hosts')),
      name: { name: '[host]:2222', plainName: 'host' },
      address,
      // With the ssh that is installed.
      env: { HOME: directory.path, PATH: directory.path },
      ask: ({ text }) => {
        asked?.push(text);
        const answer = left.shift();
        return Promise.resolve(answer === undefined ? undefined : Buffer.from(answer));
      },
      note: (text) => notes?.push(text),
    },
    blobOf(key),
  );
  const told = await result.then(
    (entry) => entry && `${entry.file} ${entry.patterns}`,
    (thrown: unknown) => SshpoolError.from(thrown).message,
  );
  return { asked: asked ?? [], notes: notes ?? [], result: told, file };
}

describe('an unknown host key', () => {
  it("is asked about with ssh's prompt", async () => {
    const { asked } = await verify('', ['no']);
    expect(asked).toEqual([
      "The authenticity of host '[host]:2222 ([10.1.2.3]:2222)' can't be established.\n" +
        `ED25519 key fingerprint is ${fingerprint(blobOf(key))}.\n` +
        'This key is not known by any other names.\n' +
        'Are you sure you want to continue connecting (yes/no/[fingerprint])? ',
    ]);
  });

  it('is asked about with the prompt of the installed ssh', async () => {
    installSsh('10.1p1');
    const { asked } = await verify('', ['no']);
    installSsh('9.2p1');
    expect(asked[0]).toContain(`\nED25519 key fingerprint is: ${fingerprint(blobOf(key))}\nThis`);
  });

  it.each(['ask', 'accept-new', 'no', 'yes'] as const)(
    'is refused without a prompt if UserKnownHostsFile is none, under %s',
    async (strictHostKeyChecking) => {
      const more = { strictHostKeyChecking, userKnownHostsFiles: [] };
      const { asked, result } = await verify('', ['yes'], more);
      expect([asked, result]).toEqual([[], expect.stringContaining('UserKnownHostsFile is none')]);
    },
  );

  it('is asked about with the relative name of a file that has it for other hosts', async () => {
    const { asked } = await verify(`other ${key}\n`, ['no'], {
      relativeNames: new Map([[at('hosts'), 'hosts']]),
    });
    expect(asked[0]).toContain('\n    hosts:1: other\n');
  });

  it('is asked about with its other names, at most eight of them', async () => {
    const lines = Array.from({ length: 10 }, (_, i) => `name${i} ${key}\n`).join('');
    const { asked } = await verify(`|1|${'A'.repeat(27)}=|x ${key}\n${lines}@revoked x ${key}\n`, [
      'no',
    ]);
    const shown = [0, 1, 2, 3, 4, 5, 6].map((i) => `    ~/hosts:${i + 2}: name${i}\n`).join('');
    expect(asked[0]).toContain(
      'following other names/addresses:\n' +
        `    ~/hosts:1: [hashed name]\n${shown}    (3 additional names omitted)\n`,
    );
  });

  it('is asked about with its MD5 fingerprint if FingerprintHash is md5', async () => {
    const { asked, result } = await verify('', ['no'], { fingerprintHash: 'md5' });
    const [, print] = askKeygen('-l', '-E', 'md5', '-f', `${at('key')}.pub`).split(' ');
    expect(asked[0]).toContain(`key fingerprint is ${print}.\n`);
    expect(result).toContain(print);
  });

  it('shows no address if there is a proxy', async () => {
    const { asked } = await verify('', ['no'], {}, { address: undefined });
    expect(asked[0]).toContain("'[host]:2222 (<no hostip for proxy command>)'");
  });

  it('is accepted and stored after yes, and then trusted by that line', async () => {
    const { notes, result, file } = await verify('', ['what', 'Yes']);
    expect(readFileSync(file, 'utf8')).toBe(`[host]:2222 ${key}\n`);
    expect(result).toBe(`${file} [host]:2222`);
    expect(notes).toEqual([
      "Warning: Permanently added '[host]:2222' (ED25519) to the list of known hosts.\r",
    ]);
  });

  it.each(['accept-new', 'no'] as const)(
    'is stored under %s, without a line that trusts it',
    async (strict) => {
      const { asked, result, file } = await verify('', [], { strictHostKeyChecking: strict });
      expect([asked, result]).toEqual([[], undefined]);
      expect(readFileSync(file, 'utf8')).toBe(`[host]:2222 ${key}\n`);
    },
  );

  it.each([
    ['no', /you answered no/],
    ['', /you answered no/],
    [undefined, /no answer/],
  ])('is refused with %j', async (answer, words) => {
    expect((await verify('', [answer])).result).toMatch(words);
  });

  it('is not asked about under BatchMode', async () => {
    const { asked, result } = await verify('', ['yes'], { batchMode: true });
    expect([asked, result]).toEqual([[], expect.stringContaining('BatchMode')]);
  });
});

it.each([
  ['yes', 'yes'],
  [' YES ', 'yes'],
  ['SHA256:x', 'yes'],
  ['sha256:x', 'unclear'],
  ['no', 'no'],
  ['No thanks', 'no'],
  ['', 'no'],
  ['y', 'unclear'],
] as const)('%j means %s', (answer, verdict) => {
  expect(parseHostKeyAnswer(answer, 'SHA256:x')).toBe(verdict);
});
