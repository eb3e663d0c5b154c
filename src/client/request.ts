/** Calls the agent's methods for the commands other than exec: one request, one result. */
import type { Socket } from 'node:net';
import { SshpoolError } from '../base/errors.ts';
import type { RuntimePaths } from '../config/paths.ts';
import { Prompter } from './answer.ts';
import { Call, envLines } from './call.ts';

export interface RequestSetting {
  readonly paths: RuntimePaths;
  readonly version: string;
  /** Prints a line on standard error. */
  readonly print: (line: string) => void;
  /** Called before a line or a question is shown: ends a progress display. */
  readonly stopWaiting?: (() => void) | undefined;
  /** The caller is a program: no person can be asked. */
  readonly isProgram?: boolean;
  /** Waits until the agent closes the connection, for a request that stops the agent. */
  readonly untilClosed?: boolean;
}

/**
 * Calls a method over a connection to the agent; resolves to its result.
 * @throws SshpoolError of the agent, AGENT_LOST, AGENT_SILENT; NotTaken
 */
export async function request(
  socket: Socket,
  setting: RequestSetting,
  method: string,
  params: unknown,
): Promise<unknown> {
  let json: string | undefined;
  const { paths, version, print, stopWaiting, isProgram, untilClosed } = setting;
  const answers = new Prompter(print);
  const can = isProgram ? [] : (['ask'] as const);
  const call: Call = new Call(socket, { log: paths.log, version, can }, (message) => {
    switch (message.type) {
      case 'result':
        json = message.json;
        return untilClosed !== true;
      case 'failed':
        throw SshpoolError.received(message.code, message.message, message.exitCode);
      case 'note':
        stopWaiting?.();
        print(message.text);
        return false;
      case 'askEnvironment':
        call.send({ type: 'environment', env: envLines(process.env, message.patterns) });
        return false;
      case 'ask':
        stopWaiting?.();
        void answers
          .give(message.text, message.echo)
          .then((typed) => call.answer(message.id, typed));
        return false;
      default:
        return false;
    }
  });
  call.send({ type: 'request', method, params: JSON.stringify(params) });
  try {
    await call.ended;
  } catch (thrown) {
    // The end of the connection is the expected answer of an agent that was told to stop.
    if (json === undefined || SshpoolError.from(thrown).code !== 'AGENT_LOST') throw thrown;
  } finally {
    answers.close();
  }
  return JSON.parse(json ?? 'null') as unknown;
}
