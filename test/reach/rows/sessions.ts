/** Features of a session: variables, the key agent, large data, banners. */
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { FULL } from '../../support/size.ts';
import { startSshd, type Sshd } from '../../support/sshd.ts';
import { keyAgent, makeKey, serverWithKeys } from '../fixtures.ts';
import type { Case, Row } from '../row.ts';

const ok = { outcome: 'ok' } as const;

/** The same bytes for all contenders, and not compressible. */
const DATA = randomBytes(FULL ? 20_000_000 : 5_000_000);

const at = (sshd: Sshd, extra: string, command: string, run: Case['run'] = {}): Case => ({
  args: ['-F', sshd.config(extra), 'box', command],
  run,
});

const forwarding = (name: string, extra: string, options: readonly string[] = []): Row => ({
  name,
  ...ok,
  prepare: async (sandbox) => {
    const key = makeKey(sandbox, 'key');
    const sshd = await serverWithKeys(sandbox, [key]);
    const SSH_AUTH_SOCK = await keyAgent(sandbox, [key]);
    const { args, run = {} } = at(
      sshd,
      `IdentitiesOnly no\n${extra}`,
      `ssh-add -l | cut -d ' ' -f 1,3-`,
      {
        env: { SSH_AUTH_SOCK },
      },
    );
    return { args: [...options, ...args], run };
  },
});

/** With non-ASCII letters and colours, which must not reach a terminal. */
const BANNER = 'Beware of the dog\n\tnäh \u001B[31mred\u001B[m\n';

const banner = (name: string, extra: string, text = BANNER): Row => ({
  name,
  ...ok,
  words: /Beware[^]*/,
  prepare: async (sandbox) => {
    const Banner = sandbox.write('banner', text);
    return at(await startSshd(sandbox, { options: { Banner } }), extra, 'echo entered');
  },
});

export const sessionRows: readonly Row[] = [
  {
    name: 'SetEnv',
    ...ok,
    prepare: async (sandbox) => {
      const sshd = await startSshd(sandbox, { options: { AcceptEnv: 'SSHP_*' } });
      return at(sshd, 'SetEnv SSHP_A=one SSHP_B="two words"', 'echo $SSHP_A-$SSHP_B');
    },
  },
  {
    name: 'SendEnv',
    ...ok,
    prepare: async (sandbox) => {
      const sshd = await startSshd(sandbox, { options: { AcceptEnv: 'SSHP_*' } });
      const env = { SSHP_A: 'one', SSHP_OTHER: 'not sent' };
      return at(sshd, 'SendEnv SSHP_?', 'echo $SSHP_A-$SSHP_OTHER', { env });
    },
  },
  {
    name: 'ForkAfterAuthentication',
    ...ok,
    prepare: async (sandbox) =>
      at(await startSshd(sandbox), 'ForkAfterAuthentication yes', 'echo from behind'),
  },
  forwarding('ForwardAgent yes', 'ForwardAgent yes'),
  forwarding('ForwardAgent by -A', '', ['-A']),
  forwarding('ForwardAgent no', 'ForwardAgent no'),
  forwarding('ForwardAgent yes, taken back by -a', 'ForwardAgent yes', ['-a']),
  {
    name: 'a command= in authorized_keys',
    ...ok,
    prepare: async (sandbox) => {
      const key = makeKey(sandbox, 'key');
      const sshd = await startSshd(sandbox);
      const line = readFileSync(`${key}.pub`, 'utf8');
      const file = sandbox.path('box', 'authorized_keys');
      writeFileSync(file, `command="echo forced $SSH_ORIGINAL_COMMAND" ${line}`);
      return at(sshd, `IdentityFile ${key}`, 'wanted');
    },
  },
  banner('Banner', ''),
  {
    ...banner('a Banner whose last line has no end', '', 'Beware\nof the dog'),
    words: /Beware\nof the dog(?!\n)/,
  },
  banner('Banner under LogLevel ERROR', 'LogLevel ERROR'),
  banner('Banner under LogLevel QUIET', 'LogLevel QUIET'),
  {
    ...banner('a Banner of 40 KB', '', `Beware\n${'of the dog\n'.repeat(4000)}`),
    words: /Beware\r?\n(?:of the dog\r?\n){10}/,
    link: 'openssh',
    notOverSsh2: /Bad packet length/,
  },
  {
    name: 'data each way with RekeyLimit 1M at the server',
    ...ok,
    prepare: async (sandbox) => {
      const sshd = await startSshd(sandbox, { options: { RekeyLimit: '1M' } });
      return at(sshd, '', 'cat', { stdin: DATA });
    },
  },
  {
    name: 'data each way with RekeyLimit 1M at the client',
    ...ok,
    prepare: async (sandbox) =>
      at(await startSshd(sandbox), 'RekeyLimit 1M', 'cat', { stdin: DATA }),
  },
];
