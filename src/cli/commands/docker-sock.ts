/** `sshpool docker-sock`: the docker socket of a host as a local one. */
import { createHash } from 'node:crypto';
import { constants } from 'node:os';
import { join, resolve } from 'node:path';
import { EXIT_FAILURE } from '../../base/error-table.ts';
import type { SshpoolError } from '../../base/errors.ts';
import { programVersion } from '../../base/version.ts';
import { runProgram } from '../../client/exec/run-program.ts';
import { checkPath } from '../../config/command-line/forward-args.ts';
import { forwardSocket, type ForwardedSocket } from '../../library/forward-socket.ts';
import { checkPlace } from '../../library/local-socket.ts';
import { ourPaths } from '../agent-call.ts';
import { DOCKER_SOCK_OPTIONS } from '../command-table.ts';
import { isReached, parseHostCall, type HostCall } from '../host-call.ts';
import { printError } from '../ui.ts';

const FORM = {
  command: 'sshpool docker-sock',
  specs: DOCKER_SOCK_OPTIONS,
  syntax: 'sshpool docker-sock [options] HOST [--] [COMMAND [ARG...]]',
};
const REMOTE = '/var/run/docker.sock';

export async function dockerSock(argv: readonly string[]): Promise<number | undefined> {
  const call = parseHostCall(argv, FORM);
  if (call === undefined) return undefined;
  const { host, words, given } = call;
  const valueOf = (name: string): string | undefined =>
    given.findLast(({ spec }) => spec.name === name)?.value;
  const remotePath = checkPath(valueOf('--remote') ?? REMOTE);
  const local = valueOf('--socket');
  const localPath = local === undefined ? ownPath(host) : resolve(local);
  await checkPlace(localPath);
  if (!(await isReached(call))) return EXIT_FAILURE;
  const setting = { paths: ourPaths(), version: programVersion(), onError };
  const socket = await forwardSocket({ ...setting, words, name: host, remotePath, localPath });
  const dockerHost = `unix://${socket.path}`;
  const [tool, ...args] = call.rest;
  if (tool === undefined) return stay(socket, `DOCKER_HOST=${dockerHost}`, call);
  // These variables would make docker use TLS or another address.
  const others = { DOCKER_TLS: undefined, DOCKER_TLS_VERIFY: undefined, DOCKER_CONTEXT: undefined };
  const env = { ...process.env, ...others, DOCKER_HOST: dockerHost };
  return runProgram(tool, args, env, { over: () => socket.close() });
}

/** The longest host name that is used unchanged: a socket's path has at most 103 bytes. */
const NAME_MAX = 32;

/** In the agent's directory, which is private to the user. */
function ownPath(host: string): string {
  const isPlain = /^[\w.-]+$/.test(host) && host.length <= NAME_MAX;
  const name = isPlain ? host : createHash('sha256').update(host).digest('hex').slice(0, NAME_MAX);
  return join(ourPaths().dir, `docker-${name}.sock`);
}

const onError = ({ message }: SshpoolError): void => printError(`sshpool: ${message}`);

const ENDS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Serves until a signal, which then ends this process. */
async function stay(
  socket: ForwardedSocket,
  line: string,
  { host, quiet }: HostCall,
): Promise<number> {
  const ended = new Promise<NodeJS.Signals>((end) => {
    for (const name of ENDS) process.once(name, end);
  });
  // The reader of the printed line may close; the socket must stay.
  process.stdout.on('error', () => undefined);
  process.stdout.write(`${line}\n`);
  if (!quiet && process.stdout.isTTY) {
    printError(`sshpool: this is the docker socket of ${host}; Ctrl-C ends it`);
  }
  const signal = await ended;
  await socket.close();
  process.kill(process.pid, signal);
  // This signal does not end this process.
  return 128 + constants.signals[signal];
}
