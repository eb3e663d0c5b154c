/**
 * The terminal at standard input, by stty(1): what Node calls raw mode still changes output, and of
 * modes it tells nothing. Loaded only where there is such a terminal.
 */
import { spawnSync } from 'node:child_process';
import { encodeModes, readSize } from './modes.ts';

/** In characters, and in pixels; 0 where it is not known. */
export interface WindowSize {
  readonly columns: number;
  readonly rows: number;
  readonly width: number;
  readonly height: number;
}

export interface LocalTerminal extends WindowSize {
  /** RFC 4254 section 8. */
  readonly modes: Buffer;
}

/** As ssh has it (sshtty.c, enter_raw_mode). */
const RAW = [
  ...['ignpar', '-istrip', '-inlcr', '-igncr', '-icrnl', '-ixon', '-ixany', '-ixoff'],
  ...['-isig', '-icanon', '-echo', '-echoe', '-echok', '-echonl', '-iexten', '-opost'],
  ...['min', '1', 'time', '0'],
  ...(process.platform === 'linux' ? ['-iuclc'] : []),
];

/** What stty says; '' where it cannot. */
function stty(...words: readonly string[]): string {
  const { stdout } = spawnSync('stty', words, { stdio: [0, 'pipe', 'ignore'], encoding: 'utf8' });
  return stdout ?? '';
}

export function describeTerminal(): LocalTerminal {
  const printed = stty('-a');
  if (printed === '') return { columns: 0, rows: 0, width: 0, height: 0, modes: Buffer.alloc(0) };
  return { ...readSize(printed), modes: encodeModes(printed) };
}

export function windowSize(): WindowSize {
  return readSize(stty('-a'));
}

/** Every byte comes as it is typed, and goes out as it is. */
export class RawMode {
  #found: string | undefined;

  enter(): void {
    if (this.#found !== undefined) return;
    const found = stty('-g').trim();
    if (found === '') return;
    this.#found = found;
    process.on('exit', this.leave);
    stty(...RAW);
  }

  /** As it was found. */
  readonly leave = (): void => {
    const found = this.#found;
    if (found === undefined) return;
    this.#found = undefined;
    process.off('exit', this.leave);
    stty(found);
  };
}
