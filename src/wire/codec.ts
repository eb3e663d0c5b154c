/** Encodes messages to frame bodies and decodes them, from the table in protocol.ts alone. */
import { Reader, Writer } from '../base/bytes.ts';
import { SshpoolError } from '../base/errors.ts';
import { MESSAGES, type Message, type MessageName } from './protocol.ts';

type Value = number | boolean | string | Buffer | readonly string[] | readonly Buffer[];

/** The table guarantees that value and type agree. */
const FIELD = {
  u8: {
    write: (to: Writer, value: Value) => to.byte(Number(value)),
    read: (from: Reader): Value => from.byte(),
  },
  u32: {
    write: (to: Writer, value: Value) => to.u32(Number(value)),
    read: (from: Reader): Value => from.u32(),
  },
  bool: {
    write: (to: Writer, value: Value) => to.bool(value === true),
    read: (from: Reader): Value => from.bool(),
  },
  text: {
    write: (to: Writer, value: Value) => to.string(String(value)),
    read: (from: Reader): Value => from.text(),
  },
  bytes: {
    write: (to: Writer, value: Value) => to.string(value as Buffer),
    read: (from: Reader): Value => from.string(),
  },
  'text[]': {
    write: (to: Writer, value: Value) => writeList(to, value as readonly string[]),
    read: (from: Reader): Value => readList(from, () => from.text()),
  },
  'bytes[]': {
    write: (to: Writer, value: Value) => writeList(to, value as readonly Buffer[]),
    read: (from: Reader): Value => readList(from, () => from.string()),
  },
} as const;

function writeList(to: Writer, values: readonly (string | Buffer)[]): Writer {
  to.u32(values.length);
  for (const value of values) to.string(value);
  return to;
}

function readList<T>(from: Reader, read: () => T): T[] {
  const count = from.u32();
  const values: T[] = [];
  // Not preallocated: the count comes from the peer, and the reader checks each value.
  for (let i = 0; i < count; i++) values.push(read());
  return values;
}

const NAMES = new Map<number, MessageName>(
  Object.entries(MESSAGES).map(([name, row]) => [row.number, name as MessageName]),
);

/** The number, then the fields in the table's order; stream data is a part of its own and not copied. */
export function encodeMessage(message: Message): readonly Buffer[] {
  const row = MESSAGES[message.type];
  const to = new Writer().byte(row.number);
  const values = message as unknown as Readonly<Record<string, Value>>;
  for (const [field, [type]] of Object.entries(row.fields)) {
    const value = values[field];
    if (value === undefined) throw new TypeError(`${message.type} has no ${field}`);
    FIELD[type as keyof typeof FIELD].write(to, value);
  }
  return to.parts();
}

/** Undefined for an unknown number (a newer peer). @throws SshpoolError PROTOCOL if the length is wrong */
export function decodeMessage(body: Buffer): Message | undefined {
  const from = new Reader(body);
  const name = NAMES.get(from.byte());
  if (name === undefined) return undefined;
  const message: Record<string, Value> = { type: name };
  for (const [field, [type]] of Object.entries(MESSAGES[name].fields)) {
    message[field] = FIELD[type as keyof typeof FIELD].read(from);
  }
  if (!from.done) throw SshpoolError.of('PROTOCOL', { problem: `${name} is too long` });
  // Built field by field from the table that the type is derived from.
  return message as unknown as Message;
}
