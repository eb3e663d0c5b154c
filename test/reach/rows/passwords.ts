/** Logins with prompts: passwords, keyboard-interactive, and several steps in sequence. */
import { copyFileSync } from 'node:fs';
import type { Sandbox } from '../../support/sandbox.ts';
import { startSshd } from '../../support/sshd.ts';
import { ANSWERS, startAskingServer, type Step } from '../asking-server.ts';
import {
  answering,
  isRoot,
  keyAgent,
  loginAt,
  makeKey,
  serverWithPasswords,
  type LoginUser,
} from '../fixtures.ts';
import type { Case, Row } from '../row.ts';

const ok = { outcome: 'ok' } as const;
const denied = { outcome: 'permission denied', link: 'none' } as const;

/** Rows with a user who has a password; one user is made for all rows, by root only. */
export function passwordRows(who: LoginUser | undefined): readonly Row[] {
  const skip = isRoot ? undefined : 'only root can make a user with a password';
  const { name = '', password = '' } = who ?? {};
  const login = async (
    sandbox: Sandbox,
    { extra, answer = password, methods }: { extra: string; answer?: string; methods?: string },
  ): Promise<Case> => {
    const options = methods === undefined ? {} : { AuthenticationMethods: methods };
    const sshd = await serverWithPasswords(sandbox, options);
    const [own = ''] = sshd.identities;
    const key = sandbox.path('own');
    copyFileSync(own, key);
    return loginAt(sshd, `User ${name}\nIdentityFile ${key}\n${extra}`, {
      env: answering(sandbox, answer),
    });
  };
  const row = (
    title: string,
    given: Parameters<typeof login>[1],
    more: Partial<Row> = {},
  ): Row => ({
    name: title,
    ...ok,
    skip,
    ...more,
    prepare: (sandbox) => login(sandbox, given),
  });
  const noKey = 'PubkeyAuthentication no';
  const noQuestions = 'KbdInteractiveAuthentication no';
  return [
    row('password', { extra: `${noKey}\n${noQuestions}` }),
    row('keyboard-interactive', { extra: `${noKey}\nPasswordAuthentication no` }),
    row('publickey and keyboard-interactive', {
      extra: '',
      methods: 'publickey,keyboard-interactive',
    }),
    row('publickey and password', { extra: '', methods: 'publickey,password' }),
    // PAM waits after each wrong password, so there is only one.
    row(
      'wrong password, NumberOfPasswordPrompts 1',
      { extra: `${noKey}\n${noQuestions}\nNumberOfPasswordPrompts 1`, answer: 'x' },
      denied,
    ),
    {
      name: 'a jump host with a user and a key of its own',
      ...ok,
      skip,
      prepare: async (sandbox) => {
        const { key = '' } = who ?? {};
        const hop = await startSshd(sandbox, {
          name: 'hop',
          options: { AuthorizedKeysFile: '.ssh/authorized_keys' },
        });
        const own = sandbox.path('own');
        copyFileSync(key, own);
        const jump = `Host hop\nUser ${name}\nIdentityFile ${own}\n${hop.hostBlock}`;
        const sshd = await startSshd(sandbox);
        return { args: ['-F', sshd.config(`${jump}\nHost box\nProxyJump hop`), 'box', 'id -un'] };
      },
    },
    row('a password under BatchMode', { extra: `${noKey}\nBatchMode yes` }, denied),
    {
      name: 'publickey and keyboard-interactive, the key in the agent',
      ...ok,
      skip,
      prepare: async (sandbox) => {
        const sshd = await serverWithPasswords(sandbox, {
          AuthenticationMethods: 'publickey,keyboard-interactive',
        });
        const key = makeKey(sandbox, 'key');
        const [own = ''] = sshd.identities;
        const socket = await keyAgent(sandbox, [key, own]);
        const env = { ...answering(sandbox, password), SSH_AUTH_SOCK: socket };
        return loginAt(sshd, `User ${name}\nIdentitiesOnly no\nIdentityFile none`, { env });
      },
    },
  ];
}

/** Logins at ssh2's Server, which needs no root and asks as configured. */
export const questionRows: readonly Row[] = [
  asking('ssh2 as a server, by password', ['password']),
  asking('ssh2 as a server, by a password and a code', ['keyboard-interactive']),
  asking('ssh2 as a server, by key and then a code', ['publickey', 'keyboard-interactive']),
  asking('ssh2 as a server, by key and then a password', ['publickey', 'password']),
  asking('ssh2 as a server, by questions and then the key', ['keyboard-interactive', 'publickey']),
  asking('ssh2 as a server, wrong code', ['keyboard-interactive'], { ...denied, code: '0' }),
];

function asking(
  name: string,
  steps: readonly Step[],
  { code = ANSWERS.code, ...more }: Partial<Row> & { readonly code?: string } = {},
): Row {
  return {
    name,
    ...ok,
    ...more,
    prepare: async (sandbox) => {
      const server = await startAskingServer(sandbox, steps);
      const env = answering(sandbox, { '*ode*': code, '*assword*': ANSWERS.password });
      return { args: ['-F', server.config, 'box', 'echo asked'], run: { env } };
    },
  };
}
