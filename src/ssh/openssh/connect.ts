/** Connects over OpenSSH: an ssh logs in and stays as a control master, with the pool as its only client. */
import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { deferred } from '../../base/deferred.ts';
import { SshpoolError } from '../../base/errors.ts';
import { envForSsh, sshFor } from '../../base/programs.ts';
import { Askpass } from './askpass.ts';
import { KEEPALIVE } from '../link/keepalive.ts';
import type { Link } from '../link/link.ts';
import type { LinkRequest } from '../login/link-request.ts';
import { LoginLimit } from '../link/login-limit.ts';
import { OpensshLink, type OpensshFacts } from './link.ts';
import { OpensshOutput } from './output.ts';

/** How long a master stays without a client: until the pool connects to it, and after the pool was killed. */
const PERSIST_S = 5;
/** How much longer ssh's limit is than the pool's own, in seconds. */
const LATER_S = 2;

/** @throws SshpoolError for each way in which this fails; CANCELLED where `signal` ended it */
export async function connectOpenssh(request: LinkRequest): Promise<Link> {
  const { options, signal, note } = request;
  // ssh connects to its jump hosts itself.
  const timeoutMs = request.timeoutMs * (1 + jumps(options.proxyJump));
  const attempt = new AbortController();
  const give = (reason: SshpoolError): void => attempt.abort(reason);
  const limit = new LoginLimit({ ...request, timeoutMs }, give);
  const cancel = (): void => give(SshpoolError.of('CANCELLED', {}));
  signal.addEventListener('abort', cancel, { once: true });
  if (signal.aborted) cancel();
  // Short, since ssh adds 17 bytes to the first path.
  const unique = randomBytes(4).toString('hex');
  const control = join(request.dir, `m${unique}`);
  let askpass: Askpass | undefined;
  try {
    askpass = await Askpass.listen(join(request.dir, `q${unique}`), {
      ask: (question) => limit.during(() => request.ask(question)),
      note,
    });
    const spoke = deferred();
    limit.awaitProxy(options, spoke.promise);
    const onServer = spoke.resolve;
    const output = new OpensshOutput(options, { note, onServer, onLogin: () => limit.login() });
    await logIn({ ...request, signal: attempt.signal }, output, control, askpass);
    const { serverVersion, hostKey, forcedCommand } = output;
    const { host: name, user } = options;
    const said = { serverVersion, hostKey, forcedCommand };
    const facts = { host: name, user, reason: request.reason, ...said };
    return await takeOver(control, facts, attempt.signal);
  } catch (thrown) {
    throw attempt.signal.aborted ? attempt.signal.reason : thrown;
  } finally {
    askpass?.close();
    limit.cancel();
    signal.removeEventListener('abort', cancel);
    // No other process may find it.
    rmSync(control, { force: true });
  }
}

/** A master that is given up ends by itself: it has no client. */
async function takeOver(control: string, facts: OpensshFacts, signal: AbortSignal): Promise<Link> {
  const socket = createConnection(control);
  const abort = (): void => void socket.destroy();
  signal.addEventListener('abort', abort, { once: true });
  if (signal.aborted) abort();
  try {
    return await OpensshLink.open(socket, facts);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

function jumps(proxyJump: string | undefined): number {
  return proxyJump?.split(',').length ?? 0;
}

/** Runs ssh until it is a master: with ControlPersist it goes into the background, and this process exits. */
function logIn(
  request: LinkRequest,
  output: OpensshOutput,
  control: string,
  askpass: Askpass,
): Promise<void> {
  const { cwd, env, signal } = request;
  return new Promise((resolve, reject) => {
    const program = sshFor(env, cwd);
    if (program === undefined) return reject(SshpoolError.of('NO_SSH', {}));
    const child: ChildProcess = spawn(program, masterWords(request, control), {
      cwd,
      env: { ...envForSsh(program, env), ...askpass.env(env) },
      // Detached from any terminal and the signals that are typed there.
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const abort = (): void => endAll(child);
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8');
      stream?.on('data', (text: string) => output.add(text));
    }
    child.once('error', (error) => reject(output.failure(error)));
    // Not `close`: a program that ssh started may keep the pipes open.
    child.once('exit', (status) => {
      signal.removeEventListener('abort', abort);
      // Its last output may still be in the pipes.
      setImmediate(() => {
        child.stdout?.destroy();
        child.stderr?.destroy();
        if (status !== 0) return reject(output.failure(undefined));
        output.end();
        resolve();
      });
    });
  });
}

/** Ends what ssh started, too: the ssh of a jump host that waits for a silent network would stay. */
function endAll({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    // Its process group, which it has to itself since it was started detached.
    process.kill(-pid, 'SIGTERM');
  } catch {
    // It has just ended by itself.
  }
}

/** The pool's options go first: of several values ssh takes the first one. */
function masterWords({ options, words, timeoutMs }: LinkRequest, control: string): string[] {
  const ours = [
    `ControlPersist=${PERSIST_S}`,
    // Only a session needs these; a connection that callers share must not have them.
    'ClearAllForwardings=yes',
    'Tunnel=no',
    'RemoteCommand=none',
  ];
  // If the pool is killed meanwhile, ssh must not wait for a silent host for ever. The limit is later than
  // the pool's, whose error says more. Not with a proxy: ssh would count its prompts.
  const isDirect = options.proxyJump === undefined && options.proxyCommand === undefined;
  if (options.connectTimeoutMs === undefined && isDirect) {
    ours.push(`ConnectTimeout=${Math.ceil(timeoutMs / 1000) + LATER_S}`);
  }
  if (options.serverAliveIntervalMs === 0) {
    ours.push(
      `ServerAliveInterval=${KEEPALIVE.intervalMs / 1000}`,
      `ServerAliveCountMax=${KEEPALIVE.countMax}`,
    );
  }
  // As an argument of its own the path may hold white space, but % begins a token.
  const path = control.replaceAll('%', '%%');
  return [
    '-MNT',
    ...OpensshOutput.words(options),
    '-S',
    path,
    ...ours.flatMap((option) => ['-o', option]),
    ...words,
  ];
}
