/** Calls the agent's methods for the commands other than exec: one request, one result. */
import type { Socket } from 'node:net';
import { SshpoolError } from '../base/errors.ts';
import type { RuntimePaths } from '../config/settings/paths.ts';
import { Prompter } from './terminal/answer.ts';
import { Call, envLines } from './call/call.ts';

export interface RequestSetting {
  readonly paths: RuntimePaths;
  readonly version: string;
  readonly print: (line: string) => void;
  /** Ends a progress display before a line or a question is shown. */
  readonly stopWaiting?: (() => void) | undefined;
  /** The caller is a program: no person can be asked. */
  readonly isProgram?: boolean;
  /** For a request that stops the agent. */
  readonly untilClosed?: boolean;
}

/** @throws SshpoolError of the agent, AGENT_LOST, AGENT_SILENT; NotTaken */
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
