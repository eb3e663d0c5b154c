/** The types of message fields, and the fields that several messages share. */

export type FieldType = 'u8' | 'u32' | 'bool' | 'text' | 'bytes' | 'text[]' | 'bytes[]';

export interface FieldValues {
  u8: number;
  u32: number;
  bool: boolean;
  text: string;
  bytes: Buffer;
  'text[]': readonly string[];
  'bytes[]': readonly Buffer[];
}

export interface MessageRow {
  readonly number: number;
  readonly from: 'both' | 'caller' | 'agent';
  readonly doc: string;
  readonly fields: Readonly<Record<string, readonly [type: FieldType, doc: string]>>;
}

/** As TIOCGWINSZ; all zero without a terminal. */
export const WINDOW_SIZE = {
  columns: ['u32', 'width of the terminal at standard input, in characters'],
  rows: ['u32', 'its height in characters'],
  width: ['u32', 'its width in pixels'],
  height: ['u32', 'its height in pixels'],
} as const satisfies MessageRow['fields'];

/** The caller's place: a call must not use connections made in another one (base/place.ts). */
export const PLACE = {
  surroundings: [
    'text[]',
    'links of /proc/self/ns/net and /proc/self/ns/mnt, device and inode of /; each to compare, or empty',
  ],
  diversions: ['text[]', 'which of LD_PRELOAD, HOSTALIASES and their like are set, by their names'],
} as const satisfies MessageRow['fields'];

export const FAREWELL = [
  'text',
  'printed on standard error in place of `message`, as it stands, when the terminal is itself again',
] as const satisfies MessageRow['fields'][string];

export const ENDING = {
  exitCode: ['u8', 'what the caller exits with'],
  status: ['text', 'exited, signalled, timedOut or lost'],
  signal: ['text', 'the signal that ended the remote command, without SIG, or empty'],
  message: ['text', 'a line for standard error, or empty'],
  farewell: FAREWELL,
  reused: ['bool', 'the connection was there before'],
  queueMs: ['u32', 'milliseconds spent waiting for room in the pool'],
  connectMs: ['u32', 'milliseconds spent connecting; 0 where a connection was reused'],
  execMs: ['u32', 'milliseconds from the start of the command to its end'],
} as const satisfies MessageRow['fields'];
