/** A server that requires authentication steps in sequence; made with ssh2, accepts any user name. */
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import ssh2 from 'ssh2';
import { generateKey } from '../../demo/embedded-server.js';
import { answerLikeSshd, runCommand } from '../../demo/remote-command.js';
import { hostBlockOf } from '../support/host-block.ts';
import type { Sandbox } from '../support/sandbox.ts';

export type Step = 'publickey' | 'password' | 'keyboard-interactive';

/** The correct answers. */
export const ANSWERS = { password: 'correct horse', code: '271828' } as const;

type Answers = Readonly<Record<keyof typeof ANSWERS, string>>;

/** Every step must succeed, in this order. Returns the path of an ssh_config for `box`. */
export async function startAskingServer(
  sandbox: Sandbox,
  steps: readonly Step[],
  answers: Answers = ANSWERS,
): Promise<{ readonly config: string }> {
  const [hostKey, userKey] = [generateKey(), generateKey()];
  const ssh = new ssh2.Server({ hostKeys: [hostKey.private] }, (connection) => {
    connection.on('error', () => undefined);
    const left = [...steps];
    connection.on('authentication', (context) => {
      const [step] = left;
      if (step === undefined || context.method !== step) return context.reject(left.slice(0, 1));
      check(context, userKey.public, answers, (right, isFinal = true) => {
        if (!right) return context.reject([step]);
        if (isFinal) left.shift();
        if (left.length === 0 || !isFinal) return context.accept();
        return context.reject(left.slice(0, 1), true);
      });
    });
    connection.on('session', (accept) => {
      const session = accept();
      session.on('exec', (acceptExec, _reject, { command }) =>
        runCommand(session, acceptExec(), command, {}),
      );
    });
    answerLikeSshd(connection, () => 'accept');
  });
  const port = await listen(sandbox, (socket) => ssh.injectSocket(socket));
  const knownHosts = sandbox.write('known', `[127.0.0.1]:${port} ${hostKey.public}\n`);
  const identities = [sandbox.write('key', userKey.private)];
  const block = hostBlockOf({ name: 'box', port, user: 'me', identities, knownHosts });
  return { config: sandbox.write('config', `${block}\n`) };
}

/** `isFinal` is false if a client only queries whether a key is acceptable. */
type Verdict = (right: boolean, isFinal?: boolean) => void;

function check(
  context: ssh2.AuthContext,
  publicKey: string,
  answers: Answers,
  verdict: Verdict,
): void {
  if (context.method === 'password') return verdict(context.password === answers.password);
  if (context.method === 'keyboard-interactive') {
    const prompts = [
      { prompt: 'Password: ', echo: false },
      { prompt: 'Code: ', echo: true },
    ];
    return context.prompt(prompts, 'Two things', 'Both are needed.', ([password, code]) =>
      verdict(password === answers.password && code === answers.code),
    );
  }
  const key = ssh2.utils.parseKey(publicKey);
  if (context.method !== 'publickey' || key instanceof Error) return verdict(false);
  const { blob, signature, hashAlgo } = context;
  const same = key.getPublicSSH().equals(context.key.data);
  if (!blob || !signature) return verdict(same, false);
  return verdict(same && key.verify(blob, signature, hashAlgo));
}

async function listen(sandbox: Sandbox, serve: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    serve(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  sandbox.defer(async () => {
    server.close();
    for (const socket of sockets) socket.destroy();
    await once(server, 'close');
  });
  return (server.address() as AddressInfo).port;
}
