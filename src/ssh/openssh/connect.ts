/**
 * From an address to a link over OpenSSH: an ssh that logs in, with the user's own words and
 * configuration, and then waits in the background as a master with us as its only client.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { deferred } from '../../base/deferred.ts';
import { SshpoolError } from '../../base/errors.ts';
import { sshFor } from '../../base/programs.ts';
import { Askpass } from './askpass.ts';
import { KEEPALIVE } from '../link/keepalive.ts';
import type { Link } from '../link/link.ts';
import type { LinkRequest } from '../login/link-request.ts';
import { LoginLimit } from '../link/login-limit.ts';
import { OpensshLink, type OpensshFacts } from './link.ts';
import { OpensshOutput } from './output.ts';

/**
 * So long the master stays without us, in seconds: until we have connected, and where we were
 * killed. With ControlPersist ssh goes into the background once it has logged in and listens; the
 * end of the process that we started says so.
 */
const PERSIST_S = 5;
/** So much longer than our own limit is the one of ssh, in seconds. */
const LATER_S = 2;

/** @throws SshpoolError for each way in which this fails; CANCELLED where `signal` ended it */
export async function connectOpenssh(request: LinkRequest): Promise<Link> {
  const { options, signal, note } = request;
  // Its jump hosts are its own.
  const timeoutMs = request.timeoutMs * (1 + jumps(options.proxyJump));
  const attempt = new AbortController();
  const give = (reason: SshpoolError): void => attempt.abort(reason);
  const limit = new LoginLimit({ ...request, timeoutMs }, give);
  const cancel = (): void => give(SshpoolError.of('CANCELLED', {}));
  signal.addEventListener('abort', cancel, { once: true });
  if (signal.aborted) cancel();
  // Short, for ssh adds 17 bytes to the first.
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
    // Nobody else is to find it.
    rmSync(control, { force: true });
  }
}

/** A master that is given up ends by itself: nobody is with it. */
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

/** Runs ssh until it is a master. @throws SshpoolError what it said why it is not */
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
      env: { ...env, ...askpass.env(env) },
      // Apart from any terminal, and from the signals that are typed there.
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
    // Not `close`: a program that was started on the way may keep our pipes.
    child.once('exit', (status) => {
      signal.removeEventListener('abort', abort);
      // What it said last may still be under way.
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

/**
 * Ends ssh, while it has not ended, with what it started on the way: the ssh of a jump host that
 * waits for a silent network would not notice that nobody waits for it.
 */
function endAll({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    // Its group, which is its own since it was started detached.
    process.kill(-pid, 'SIGTERM');
  } catch {
    // It has just ended by itself, which is as good.
  }
}

/** Ours go first: of several values ssh takes the first one. */
function masterWords({ options, words, timeoutMs }: LinkRequest, control: string): string[] {
  const ours = [
    `ControlPersist=${PERSIST_S}`,
    // Of these a session has need, and a connection for everybody must have none.
    'ClearAllForwardings=yes',
    'Tunnel=no',
    'RemoteCommand=none',
  ];
  // Where we are killed meanwhile it must not wait for a silent host for ever. Later than ours, which
  // says more; and not through a proxy, where ssh would count the time of questions on the way.
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
  // As an option of its own the path may hold white space, but % begins a token.
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
