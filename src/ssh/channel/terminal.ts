/** The requests for a terminal and for its size (RFC 4254 sections 6.2 and 6.7). */
import { Writer } from '../../base/bytes.ts';
import type { WindowSize } from '../../base/window-size.ts';

export interface TerminalRequest extends WindowSize {
  readonly term: string;
  /** Encoded as in RFC 4254 section 8; empty for none. */
  readonly modes: Buffer;
}

const TTY_OP_END = Buffer.of(0);

export function ptyRequest({ term, modes, ...size }: TerminalRequest): Buffer {
  const to = writeSize(new Writer().string(term), size);
  return to.string(modes.length === 0 ? TTY_OP_END : modes).finish();
}

export function windowChange(size: WindowSize): Buffer {
  return writeSize(new Writer(), size).finish();
}

function writeSize(to: Writer, { columns, rows, width, height }: WindowSize): Writer {
  return to.u32(columns).u32(rows).u32(width).u32(height);
}
