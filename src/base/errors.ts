/** A failure of the table (error-table.ts), as it is thrown and passed on. */
import { EXIT_FAILURE, TABLE, type ErrorCode, type ErrorData, type Row } from './error-table.ts';
import { printableLine } from './printable.ts';
import { systemWords } from './system-words.ts';

interface Failure {
  readonly code: ErrorCode;
  readonly message: string;
  readonly exitCode: number;
  readonly data: ErrorData | undefined;
  readonly cause?: unknown;
}

/** `code` is stable; `message` is one line for stderr, safe for terminals; `exitCode` is its status. */
export class SshpoolError extends Error {
  override readonly name = 'SshpoolError';
  readonly code: ErrorCode;
  readonly exitCode: number;
  /** Undefined if the error was received from another process. */
  readonly data: ErrorData | undefined;

  protected constructor({ code, message, exitCode, data, cause }: Failure) {
    super(printableLine(message), cause === undefined ? undefined : { cause });
    this.code = code;
    this.exitCode = exitCode;
    this.data = data;
  }

  static of<C extends ErrorCode>(code: C, data: ErrorData<C>, cause?: unknown): SshpoolError {
    // Each row's text takes only that row's data; the index loses the type link between C and D.
    const { text, exitCode } = TABLE[code] as Row<ErrorData<C>>;
    const status = typeof exitCode === 'number' ? exitCode : exitCode(data);
    return new SshpoolError({ code, message: text(data), exitCode: status, data, cause });
  }

  /** The same failure after the command was sent, while the server has not answered. */
  static mayHaveRun(error: SshpoolError): SshpoolError {
    const { code, exitCode, data, cause } = error;
    const message = `${error.message}; the command may have run`;
    return new SshpoolError({ code, message, exitCode, data, cause });
  }

  /** Code, message and, if given, status are those of the other process. */
  static received(code: string, message: string, exitCode?: number): SshpoolError {
    const known = isErrorCode(code) ? code : 'INTERNAL';
    const usual = TABLE[known].exitCode;
    const status = exitCode ?? (typeof usual === 'number' ? usual : EXIT_FAILURE);
    return new SshpoolError({ code: known, message, exitCode: status, data: undefined });
  }

  static from(thrown: unknown): SshpoolError {
    if (thrown instanceof SshpoolError) return thrown;
    const reason = systemWords(thrown);
    if (reason !== undefined)
      return SshpoolError.of('SYSTEM', { call: callOf(thrown), reason }, thrown);
    return SshpoolError.of('INTERNAL', { problem: describe(thrown) }, thrown);
  }

  dataOf<C extends ErrorCode>(code: C): ErrorData<C> | undefined {
    return this.code === code ? this.data : undefined;
  }
}

function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(TABLE, code);
}

function callOf(thrown: unknown): string {
  const { syscall, path, code } = thrown as NodeJS.ErrnoException;
  return [syscall ?? code, path].filter(Boolean).join(' ');
}

export function describe(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
