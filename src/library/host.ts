/** Translates a host of a program into options of ssh; checks it before anything is sent. */
import { accessSync, constants } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { describe, SshpoolError } from '../base/errors.ts';
import { commandOf } from '../config/command-line/exec-args.ts';
import { checkUser, parseTarget, type Target } from '../config/command-line/target.ts';
import { checkHostConfig } from './schema.ts';
import type { HostConfig } from './types.ts';

export interface CheckedHost {
  readonly config: HostConfig;
  readonly target: Target;
  readonly sshArgs: readonly string[];
}

const DEFAULT_PORT = 22;

/** The label of a host in messages and statistics, NAME:PORT. It does not decide about reuse. */
export function generatePoolKey({ name, port }: Pick<HostConfig, 'name' | 'port'>): string {
  return `${name}:${port ?? DEFAULT_PORT}`;
}

/** @throws SshpoolError BAD_INPUT naming the field; also if the private key cannot be read */
export function checkHost(given: HostConfig, configFile: string | undefined): CheckedHost {
  const config = checkHostConfig(given);
  const { port, sshUser, sshKeyPath, sshOptions = {} } = config;
  const target = targetOf(config);
  // No user can be prompted, and the login shell gets the command, whatever is configured.
  const sshArgs = ['-o', 'BatchMode=yes', '-o', 'RemoteCommand=none'];
  if (configFile !== undefined) sshArgs.push('-F', configFile);
  if (sshUser !== undefined) {
    inField('sshUser', () => checkUser(sshUser, sshUser));
    sshArgs.push('-l', sshUser);
  }
  if (port !== undefined) sshArgs.push('-p', String(port));
  if (sshKeyPath !== undefined) {
    checkReadable(sshKeyPath);
    sshArgs.push('-i', sshKeyPath);
  }
  for (const [name, value] of Object.entries(sshOptions)) sshArgs.push('-o', `${name}=${value}`);
  return { config, target, sshArgs };
}

/** @throws SshpoolError BAD_INPUT, BAD_COMMAND */
export function checkCommand(command: string): Buffer {
  if (typeof command !== 'string' || command === '') {
    throw SshpoolError.of('BAD_INPUT', { field: 'command', problem: 'must be a command line' });
  }
  return commandOf([Buffer.from(command)]);
}

function targetOf({ host }: HostConfig): Target {
  const target = inField('host', () => parseTarget(host));
  if (target.user === undefined && target.port === undefined && target.text === target.host) {
    return target;
  }
  const problem = 'must be the host alone; user and port have fields of their own';
  throw SshpoolError.of('BAD_INPUT', { field: 'host', problem });
}

function checkReadable(path: string): void {
  const file = path.startsWith('~/') ? join(homedir(), path.slice(2)) : path;
  try {
    accessSync(file, constants.R_OK);
  } catch (thrown) {
    const problem = `cannot be read (${describe(thrown)})`;
    throw SshpoolError.of('BAD_INPUT', { field: 'sshKeyPath', problem }, thrown);
  }
}

function inField<T>(field: string, work: () => T): T {
  try {
    return work();
  } catch (thrown) {
    const problem = SshpoolError.from(thrown).message;
    throw SshpoolError.of('BAD_INPUT', { field, problem }, thrown);
  }
}
