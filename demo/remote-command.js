// @ts-check
/**
 * A command at the server: a real /bin/sh with its streams, its exit status or signal, and replies to
 * the requests that arrive while it runs, which the Server of ssh2 does not answer.
 */
import { spawn } from 'node:child_process';
import { homedir } from 'node:os';

/** @typedef {import('node:child_process').ChildProcess} ChildProcess */
/** @typedef {(type: string, detail: string) => 'accept' | 'refuse' | 'stall'} Decide */

/**
 * The running command of each session.
 *
 * @type {WeakMap<object, ChildProcess>}
 */
const running = new WeakMap();

/**
 * Runs `command` on a session whose request was accepted, and closes its channel when it is done.
 *
 * @param {import('ssh2').Session} session
 * @param {import('ssh2').ServerChannel} channel
 * @param {string} command
 * @param {Record<string, string>} env added to the server's own
 */
export function runCommand(session, channel, command, env) {
  const child = spawn('/bin/sh', ['-c', command], {
    cwd: homedir(),
    env: { ...process.env, ...env },
    // A process group of its own, so that a signal reaches all of the command.
    detached: true,
    stdio: 'pipe',
  });
  running.set(session, child);
  // A command may end before it has read all its input, and a client before it has read all output.
  for (const stream of [channel, child.stdin]) stream.on('error', () => undefined);
  channel.pipe(child.stdin);
  child.stdout.pipe(channel, { end: false });
  child.stderr.pipe(channel.stderr, { end: false });

  child.once('error', (error) => {
    channel.stderr.write(`${error.message}\n`);
    channel.exit(127);
    channel.end();
  });
  child.once('exit', (code, signal) => {
    if (signal === null) channel.exit(code ?? 0);
    else channel.exit(signal.slice('SIG'.length), false, '');
  });
  // Emitted at the end of the streams: a background process that holds them keeps the channel open.
  child.once('close', () => channel.end());
  channel.once('close', () => {
    // A command must not outlive its connection.
    if (child.exitCode === null && child.signalCode === null) signalGroup(child, 'SIGHUP');
    child.stdout.destroy();
    child.stderr.destroy();
  });
}

/**
 * @param {ChildProcess} child
 * @param {string} signal
 */
function signalGroup(child, signal) {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

/**
 * The internals of ssh2 that are used here; its exact version is pinned.
 *
 * @typedef {(p: unknown, id: number, type: string, wantReply: boolean, data: unknown) => void} OnRequest
 * @typedef {{ outgoing: { id: number } }} ChannelInfo
 * @typedef {object} Internals
 * @property {{ get(id: number): ChannelInfo & { _chanInfo?: ChannelInfo } | number | null | undefined }} _chanMgr
 * @property {object} _protocol
 * @property {{ CHANNEL_REQUEST: OnRequest }} _protocol._handlers
 * @property {(id: number) => void} _protocol.channelSuccess
 * @property {(id: number) => void} _protocol.channelFailure
 */

/**
 * Takes over the channel requests, except those that set up a session. The Server of ssh2
 * drops signals after the client's EOF, and answers nothing at all once a command runs; sshd
 * answers every request.
 *
 * @param {import('ssh2').Connection} connection
 * @param {Decide} decide
 */
export function answerLikeSshd(connection, decide) {
  const { _protocol: protocol, _chanMgr: channels } = /** @type {Internals} */ (
    /** @type {unknown} */ (connection)
  );
  const handlers = protocol._handlers;
  const stock = handlers.CHANNEL_REQUEST;
  handlers.CHANNEL_REQUEST = (p, id, type, wantReply, data) => {
    const session = channels.get(id);
    if (
      ['env', 'exec', 'shell'].includes(type) ||
      typeof session !== 'object' ||
      session === null
    ) {
      stock(p, id, type, wantReply, data);
      return;
    }
    const detail = typeof data === 'string' ? data : '';
    const decision = decide(type, detail);
    const child = type === 'signal' ? running.get(session) : undefined;
    const done = child !== undefined && decision === 'accept';
    if (done) signalGroup(child, `SIG${detail}`);
    if (!wantReply || decision === 'stall') return;
    const remote = (session._chanInfo ?? session).outgoing.id;
    if (done) protocol.channelSuccess(remote);
    else protocol.channelFailure(remote);
  };
}
