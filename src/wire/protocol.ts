/**
 * The single source of the caller-agent protocol: its version, its limits, every message with its
 * number and fields. docs/PROTOCOL.md is generated from this table; the codec and the types are derived
 * from it. A number is never reused for another message.
 */

import {
  ENDING,
  FAREWELL,
  PLACE,
  WINDOW_SIZE,
  type FieldType,
  type FieldValues,
  type MessageRow,
} from './fields.ts';

/**
 * Raised when a message changes its meaning. Agent and caller of the same protocol always understand
 * each other.
 */
export const PROTOCOL = 4;

/** The longest frame that either side accepts, in bytes without the length field. */
export const MAX_FRAME = 1024 * 1024;

/** The longest hello that either side accepts. */
export const MAX_HELLO = 4096;

/** The most bytes of a stream that one stdin, stdout or stderr message carries. */
export const MAX_CHUNK = 64 * 1024;

/**
 * Milliseconds that a caller waits for the agent's hello, for any message before it sends a ping, and
 * for the answer. After that the agent counts as hung.
 */
export const AGENT_PATIENCE_MS = 5000;

/**
 * The same once the remote command runs: a machine may be very busy, and giving up would lose the
 * command.
 */
export const AGENT_RUNNING_PATIENCE_MS = 30_000;

export const MESSAGES = {
  hello: {
    number: 1,
    from: 'both',
    doc: 'The first frame of each side; never changes its layout. The caller speaks first.',
    fields: {
      protocol: ['u32', 'the version of this protocol'],
      version: ['text', 'the version of the program'],
      capabilities: ['text[]', 'named abilities; unknown ones are ignored'],
    },
  },
  retire: {
    number: 2,
    from: 'caller',
    doc: 'Asks an agent of an older protocol to finish and leave. Never changes its layout.',
    fields: {},
  },
  exec: {
    number: 10,
    from: 'caller',
    doc: 'Runs `sshpool exec`, `ssh` or `shell`, or opens a stream. The agent parses the arguments.',
    fields: {
      command: ['text', 'exec, ssh, shell, or forward (of [options] -- HOST PATH)'],
      argv: ['bytes[]', 'the words after the command, as bytes'],
      cwd: ['text', 'working directory of the caller, absolute'],
      env: ['text[]', 'the allow-listed variables of the caller, each NAME=VALUE'],
      ...PLACE,
      terminals: ['u8', 'bit 0, 1, 2: that file descriptor is a terminal'],
      ...WINDOW_SIZE,
      modes: ['bytes', 'modes of that terminal as RFC 4254 section 8 encodes them; or empty'],
    },
  },
  stdin: {
    number: 11,
    from: 'caller',
    doc: 'Bytes of standard input, never more than the window granted so far.',
    fields: { data: ['bytes', 'at most 65,536 bytes'] },
  },
  stdinEnd: { number: 12, from: 'caller', doc: 'End of standard input.', fields: {} },
  taken: {
    number: 13,
    from: 'caller',
    doc: 'So many more bytes of stdout and stderr together were written out or dropped.',
    fields: { bytes: ['u32', 'bytes'] },
  },
  stdoutClosed: {
    number: 14,
    from: 'caller',
    doc: 'The standard output of the caller is not read any more: the remote may stop writing.',
    fields: {},
  },
  signal: {
    number: 15,
    from: 'caller',
    doc: 'Deliver a signal to the remote command (RFC 4254 section 6.9).',
    fields: { name: ['text', 'its name without SIG: INT, TERM, HUP'] },
  },
  answer: {
    number: 16,
    from: 'caller',
    doc: 'The answer to an ask. Never logged, never kept.',
    fields: {
      id: ['u32', 'the id of the ask'],
      given: ['bool', 'false if no person can be asked'],
      text: ['bytes', 'what the person typed, in UTF-8'],
    },
  },
  environment: {
    number: 17,
    from: 'caller',
    doc: 'The answer to askEnvironment.',
    fields: { env: ['text[]', 'each NAME=VALUE'] },
  },
  request: {
    number: 18,
    from: 'caller',
    doc: 'Calls a method of the agent: stats, close, warm, status, stop.',
    fields: {
      method: ['text', 'its name'],
      params: ['text', 'its parameters as JSON'],
    },
  },
  resized: {
    number: 19,
    from: 'caller',
    doc: 'The terminal has another size now (RFC 4254 section 6.7).',
    fields: WINDOW_SIZE,
  },
  disconnect: {
    number: 20,
    from: 'caller',
    doc: 'The person ended the call (`~.`): the agent closes the session and answers exited at once.',
    fields: {},
  },
  ping: {
    number: 21,
    from: 'caller',
    doc: 'Asks whether the agent still answers. Allowed at any time after the hello.',
    fields: {},
  },
  accepted: {
    number: 30,
    from: 'agent',
    doc: 'The arguments are right and the call goes on; the caller may show that it waits.',
    fields: {
      target: ['text', 'HOST as it was typed'],
      json: ['bool', 'the caller collects the output and prints one JSON object'],
      quiet: ['bool', 'the caller prints no notes and no spinner'],
    },
  },
  ask: {
    number: 31,
    from: 'agent',
    doc: 'A question for the person at the caller.',
    fields: {
      id: ['u32', 'names the question'],
      text: ['text', 'the whole prompt'],
      echo: ['bool', 'whether the answer may be seen'],
    },
  },
  askEnvironment: {
    number: 32,
    from: 'agent',
    doc: 'SendEnv or the configuration names more than the allow-list holds: asks for what matches.',
    fields: { patterns: ['text[]', 'patterns of ssh_config(5), SendEnv'] },
  },
  note: {
    number: 33,
    from: 'agent',
    doc: 'For standard error: a line, or an entry of several.',
    fields: { text: ['text', 'without the end of its last line'] },
  },
  opened: {
    number: 34,
    from: 'agent',
    doc: 'The remote command was started. Until now the caller has read no byte of stdin.',
    fields: {
      stdin: ['bool', 'whether to read standard input; if not, it is at its end'],
      terminal: [
        'bool',
        'the remote has a terminal: that of the caller becomes raw, its size is told',
      ],
      escape: ['bytes', 'the escape character, one byte; empty for none'],
      signals: ['bool', 'INT, TERM, HUP are for the remote; if not, the caller ends with 255'],
    },
  },
  window: {
    number: 35,
    from: 'agent',
    doc: 'The caller may send so many more bytes of stdin.',
    fields: { bytes: ['u32', 'bytes'] },
  },
  stdout: {
    number: 36,
    from: 'agent',
    doc: 'Bytes of the remote standard output.',
    fields: { data: ['bytes', ''] },
  },
  stderr: {
    number: 37,
    from: 'agent',
    doc: 'Bytes of the remote standard error.',
    fields: { data: ['bytes', ''] },
  },
  stdinClosed: {
    number: 38,
    from: 'agent',
    doc: 'The remote command reads no more: the caller stops reading stdin.',
    fields: {},
  },
  exited: {
    number: 39,
    from: 'agent',
    doc: 'The end of an exec: the command ended, or could not be followed to its end.',
    fields: ENDING,
  },
  failed: {
    number: 40,
    from: 'agent',
    doc: 'The call did not happen: nothing was run.',
    fields: {
      code: ['text', 'a stable name of the error'],
      message: ['text', 'one line for a person'],
      farewell: FAREWELL,
      exitCode: ['u8', 'what the caller exits with'],
    },
  },
  delegate: {
    number: 41,
    from: 'agent',
    doc: 'Another program must do this call, with the same arguments. No stdin was read.',
    fields: {
      to: ['text', 'client (the program under Node), help, or ssh'],
      argv: ['bytes[]', 'the arguments for it'],
    },
  },
  result: {
    number: 42,
    from: 'agent',
    doc: 'The result of a request.',
    fields: { json: ['text', 'JSON'] },
  },
  stdoutEnd: { number: 43, from: 'agent', doc: 'A stream brings no more.', fields: {} },
  pong: { number: 44, from: 'agent', doc: 'The answer to a ping.', fields: {} },
  starting: {
    number: 45,
    from: 'agent',
    doc: 'The server is asked to run the command now: from here on it may have run.',
    fields: {},
  },
  log: {
    number: 46,
    from: 'agent',
    doc: 'Notes and failures go to the end of this file, not to standard error (ssh -E).',
    fields: { file: ['text', 'as it was typed: relative to the working directory'] },
  },
  words: {
    number: 47,
    from: 'agent',
    doc: 'Words of a server (its banner) or of a ProxyCommand, for standard error also with a log.',
    fields: { text: ['text', 'just as they are: the last line may have no end'] },
  },
} as const satisfies Record<string, MessageRow>;

export type MessageName = keyof typeof MESSAGES;

type Fields<N extends MessageName> = {
  readonly [
    F in keyof (typeof MESSAGES)[N]['fields']
  ]: (typeof MESSAGES)[N]['fields'][F] extends readonly [infer T extends FieldType, string]
    ? FieldValues[T]
    : never;
};

/** One message of the protocol, discriminated by `type`. */
export type Message = { [N in MessageName]: { readonly type: N } & Fields<N> }[MessageName];
