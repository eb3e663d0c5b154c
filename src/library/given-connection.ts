/** A connection given out to a program: room at a host, which its first command takes. */
import { SshpoolError } from '../base/errors.ts';
import { generatePoolKey } from './host.ts';
import type { CommandProcess } from './process.ts';
import type { ExecOptions, HostConfig, PooledConnection, RunOptions, RunResult } from './types.ts';

export interface Giver<Place> {
  exec(command: string, options: ExecOptions, place: Place | undefined): Promise<CommandProcess>;
  run(command: string, options: RunOptions, place: Place | undefined): Promise<RunResult>;
  giveBack(place: Place | undefined): void;
}

export class GivenConnection<Place> implements PooledConnection {
  readonly host: HostConfig;
  readonly #giver: Giver<Place>;
  #place: Place | undefined;
  #released = false;

  constructor(host: HostConfig, place: Place, giver: Giver<Place>) {
    this.host = host;
    this.#place = place;
    this.#giver = giver;
  }

  get place(): Place | undefined {
    return this.#place;
  }

  async exec(command: string, options: ExecOptions = {}): Promise<CommandProcess> {
    return this.#giver.exec(command, options, this.#use());
  }

  async run(command: string, options: RunOptions = {}): Promise<RunResult> {
    return this.#giver.run(command, options, this.#use());
  }

  release(): void {
    if (this.#released) return;
    this.#released = true;
    this.#giver.giveBack(this.#place);
    this.#place = undefined;
  }

  [Symbol.dispose](): void {
    this.release();
  }

  #use(): Place | undefined {
    if (!this.#released) return this.#place;
    throw SshpoolError.of('RELEASED', { host: generatePoolKey(this.host) });
  }
}
