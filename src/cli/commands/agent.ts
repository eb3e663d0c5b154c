/** `sshpool agent ...`: starts, stops and shows the background agent. */
import { createReadStream, existsSync, statSync, watch } from 'node:fs';
import { finished } from 'node:stream/promises';
import type { AgentStatus } from '../../agent/methods.ts';
import { listeningDescriptor } from '../../agent/inherited.ts';
import { SshpoolError } from '../../base/errors.ts';
import { usageError } from '../../base/usage-errors.ts';
import { ownPlace } from '../../base/place.ts';
import { LOG_LEVELS } from '../../base/log.ts';
import { findLauncher, ownProgram, type Launcher } from '../../base/launcher.ts';
import { programVersion } from '../../base/version.ts';
import { pause } from '../../base/time.ts';
import { connectToAgent } from '../../client/call/connect.ts';
import { endAgent } from '../../client/call/end-agent.ts';
import { takeLock } from '../../client/call/lock.ts';
import { openLog } from '../../client/call/spawn.ts';
import { retireOlder } from '../../client/call/versions.ts';
import { START_MS } from '../../client/call/connect.ts';
import { checkDir, ensureDir } from '../../config/settings/private-directory.ts';
import { readSettings } from '../../config/settings/settings.ts';
import { callRunning, callStarting, ourPaths } from '../agent-call.ts';
import { colors } from '../colors.ts';
import { printError } from '../ui.ts';
import { duration, size } from './stats.ts';

const NOT_RUNNING = 1;
/** An agent that takes longer to stop, while it ends running commands, counts as hung. */
const FORCE_MS = 15_000;

export async function start(): Promise<number> {
  const before = await callRunning('status', {});
  const { pid } = before ?? (await callStarting('status', {}));
  process.stdout.write(`agent ${before ? 'runs already' : 'started'}, pid ${pid}\n`);
  return 0;
}

export interface StopOptions {
  readonly force?: true;
}

export async function stop(options: StopOptions): Promise<number> {
  if (!options.force) return stopByAsking(options);
  const late = pause(FORCE_MS).then(() => {
    throw SshpoolError.of('AGENT_SILENT', { log: ourPaths().log });
  });
  try {
    return await Promise.race([stopByAsking(options), late]);
  } catch (thrown) {
    const { code } = SshpoolError.from(thrown);
    if (code !== 'AGENT_SILENT' && code !== 'AGENT_LOST') throw thrown;
    return endSilentAgent();
  }
}

async function stopByAsking({ force }: StopOptions): Promise<number> {
  let running: AgentStatus | undefined;
  try {
    running = await callRunning('status', {});
  } catch (thrown) {
    if (!(await retireOlder(ourPaths(), programVersion(), SshpoolError.from(thrown)))) throw thrown;
    process.stdout.write('the agent of an older sshpool was told to stop\n');
    return 0;
  }
  if (running === undefined) {
    printError('sshpool: no agent is running');
    return 0;
  }
  const { activeSessions } = (await callRunning('stats', { target: null }))?.totals ?? {};
  if (activeSessions && !force) {
    printError(`sshpool: waiting for ${activeSessions} running command(s); --force ends them`);
  }
  await callRunning('stop', { force: force === true }, { untilClosed: true });
  process.stdout.write(`agent stopped, pid ${running.pid}\n`);
  return 0;
}

async function endSilentAgent(): Promise<number> {
  const paths = ourPaths();
  const pid = await endAgent(paths);
  if (pid === undefined) throw SshpoolError.of('AGENT_STUCK', paths);
  process.stdout.write(`agent did not answer and was killed, pid ${pid}\n`);
  return 0;
}

export async function restart(options: StopOptions): Promise<number> {
  if ((await connectToAgent(ourPaths()).then((socket) => socket?.destroy())) !== undefined) {
    await stop(options);
  }
  return start();
}

export async function status({ json }: { readonly json?: true }): Promise<number> {
  const found = await callRunning('status', {});
  const launcher = findLauncher(process.env);
  if (json) {
    const facts = { launcher: launcher.kind === 'none' ? 'node' : 'native', ...found };
    const text = JSON.stringify({ running: Boolean(found), ...facts }, null, 2);
    process.stdout.write(`${text}\n`);
  } else if (found) {
    const { pid, version, protocol, uptimeMs, rssBytes, socket, log } = found;
    const { logLinesDropped, unexpectedErrors } = found;
    const rows = [
      [
        'state',
        `${colors.green('running')}, pid ${pid}, up ${duration(uptimeMs)}, ${size(rssBytes)}`,
      ],
      ['version', `${version} (this program: ${programVersion()}), protocol ${protocol}`],
      ['launcher', describeLauncher(launcher)],
      ['socket', socket],
      ['log', log + (logLinesDropped > 0 ? `, ${logLinesDropped} line(s) not written` : '')],
      ...(unexpectedErrors > 0 ? [['errors', `${unexpectedErrors} unexpected, see the log`]] : []),
    ];
    for (const [name = '', text] of rows)
      process.stdout.write(`${colors.dim(name.padEnd(8))} ${text}\n`);
  } else {
    process.stdout.write(`no agent is running\nlauncher: ${describeLauncher(launcher)}\n`);
  }
  return found ? 0 : NOT_RUNNING;
}

function describeLauncher({ kind, path = '' }: Launcher): string {
  switch (kind) {
    case 'native':
      return 'native';
    case 'prebuilt':
    case 'compiled':
      return `native, ${path}, which the script ${ownProgram()} starts`;
    case 'none':
      return 'none for this machine, so that each call starts Node; with a C compiler (cc) in PATH: sshpool agent restart';
  }
}

/** Refuses variables that load code or a debugger into the process, which serves other callers. */
function refuseForeignCode(): void {
  const [variable] = [
    ...ownPlace(process.env).diversions,
    ...(process.env['NODE_OPTIONS'] ? ['NODE_OPTIONS'] : []),
  ];
  if (variable !== undefined) throw usageError('FOREIGN_CODE', { variable });
}

/**
 * Serves in the foreground, its log on standard error, until a signal or the idle time ends it. With a socket
 * of a service manager the log is the usual file, for `agent logs`.
 */
export async function runAgent(): Promise<number> {
  refuseForeignCode();
  process.umask(0o077);
  const paths = ourPaths();
  const inherited = listeningDescriptor(process.env, paths.log);
  const settings = await readSettings(process.env);
  ensureDir(paths.dir);
  // Checked before anything is written: the directory may be another user's.
  checkDir(paths.dir, process.getuid?.() ?? 0);
  const lock = await takeLock(paths.lock, START_MS);
  // Imported here: no other command should wait for the whole agent to load.
  const { Agent } = await import('../../agent/lifecycle.ts');
  const { logWriter, STDERR_FD } = await import('../../agent/process.ts');
  const { serve } = await import('../../agent/run.ts');
  const writeLog = logWriter(inherited === undefined ? STDERR_FD : openLog(paths.log));
  const config = { paths, settings, version: programVersion(), inherited, writeLog };
  const agent = lock && (await Agent.start(config).finally(() => lock.release()));
  if (agent === undefined) {
    const reason = 'another one runs already, or is starting';
    throw SshpoolError.of('AGENT_START', { reason, log: paths.log });
  }
  // The directory in which it was started could not be unmounted.
  process.chdir('/');
  await serve(agent);
  return 0;
}

export async function logs({ follow }: { readonly follow?: true }): Promise<number> {
  const { dir, log } = ourPaths();
  // Text of another user could contain escape sequences for the terminal.
  checkDir(dir, process.getuid?.() ?? 0);
  if (!existsSync(log)) {
    printError(`sshpool: there is no log yet (${log})`);
    return 0;
  }
  let at = await print(log, 0);
  if (!follow) return 0;
  // Reads on whenever the file changes; a new file is read from its start.
  for (;;) {
    await new Promise<void>((resolve) => {
      const watcher = watch(log, () => {
        watcher.close();
        resolve();
      });
    });
    at = await print(log, statSync(log).size < at ? 0 : at);
  }
}

/** Shows what the log of the running agent tells, or sets it until the agent ends. */
export async function logLevel(word: string | undefined): Promise<number> {
  const level = LOG_LEVELS.find((each) => each === word) ?? null;
  if (word !== undefined && level === null) throw usageError('BAD_LOG_LEVEL', { word });
  const found = await callRunning('log-level', { level });
  if (found === undefined) {
    printError('sshpool: no agent is running');
    return NOT_RUNNING;
  }
  process.stdout.write(`${found.level}\n`);
  return 0;
}

async function print(file: string, from: number): Promise<number> {
  const stream = createReadStream(file, { start: from });
  stream.pipe(process.stdout, { end: false });
  await finished(stream);
  return from + stream.bytesRead;
}
