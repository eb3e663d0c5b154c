/** Typed calls of the agent's methods. */
import { currentDirectory } from '../base/current-directory.ts';
import type { MethodName, MethodParams } from '../agent/method-params.ts';
import type { MethodResults } from '../agent/methods.ts';
import { envLines } from '../client/call/call.ts';
import { connectToAgent, connectOrStart } from '../client/call/connect.ts';
import { request } from '../client/request.ts';
import { withAgent, withRunningAgent } from '../client/call/versions.ts';
import { ownPlace } from '../base/place.ts';
import { programVersion } from '../base/version.ts';
import { runtimePaths, type RuntimePaths } from '../config/settings/paths.ts';
import { printError, showWaiting } from './ui.ts';

export function ourPaths(): RuntimePaths {
  return runtimePaths(process.env, process.getuid?.() ?? 0);
}

/** Undefined if no agent runs. */
export async function callRunning<M extends MethodName>(
  method: M,
  params: MethodParams<M>,
  { untilClosed = false } = {},
): Promise<MethodResults[M] | undefined> {
  const paths = ourPaths();
  const setting = { paths, version: programVersion(), print: printError, untilClosed };
  return withRunningAgent(paths, async () => {
    const socket = await connectToAgent(paths);
    if (socket === undefined) return undefined;
    // An agent of the same protocol sends results of the method's type.
    return (await request(socket, setting, method, params)) as MethodResults[M];
  });
}

export async function callStarting<M extends MethodName>(
  method: M,
  params: MethodParams<M>,
  stopWaiting?: () => void,
): Promise<MethodResults[M]> {
  const paths = ourPaths();
  const setting = { paths, version: programVersion(), print: printError, stopWaiting };
  return withAgent(paths, setting.version, async () => {
    const socket = await connectOrStart(paths);
    return (await request(socket, setting, method, params)) as MethodResults[M];
  });
}

/** Connects to the hosts in `argv`, which messages call `text`, and may ask questions. */
export async function warmHosts(
  argv: readonly string[],
  text: string,
  quiet: boolean,
): Promise<MethodResults['warm']['warmed']> {
  const stopWaiting = quiet ? () => undefined : showWaiting(`connecting to ${text}`);
  const { surroundings, diversions } = ownPlace(process.env);
  const place = { surroundings: [...surroundings], diversions: [...diversions] };
  const params = { argv: [...argv], cwd: currentDirectory(), env: envLines(process.env), place };
  const { warmed } = await callStarting('warm', params, stopWaiting).finally(stopWaiting);
  return warmed;
}
