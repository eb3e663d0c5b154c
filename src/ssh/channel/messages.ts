/** The messages of the SSH connection protocol (RFC 4254), numbers 90 to 100, as values and as bytes. */
import { Reader, Writer } from '../../base/bytes.ts';
import { SshpoolError } from '../../base/errors.ts';

export const FIRST_CHANNEL_MESSAGE = 90;
export const LAST_CHANNEL_MESSAGE = 100;

/** RFC 4254 section 5.2: the one type of extended data. */
export const STDERR = 1;

/** RFC 4254 section 5.1: why an open was refused. */
export const OPEN_FAILURE = {
  prohibited: 1,
  connectFailed: 2,
  unknownType: 3,
  shortage: 4,
} as const;

/** `recipient` is the receiver's number of the channel; all sizes are in bytes. */
export type ChannelMessage =
  | {
      readonly type: 'open';
      readonly channelType: string;
      readonly sender: number;
      readonly window: number;
      readonly maxPacket: number;
      readonly extra: Buffer;
    }
  | {
      readonly type: 'open-confirmation';
      readonly recipient: number;
      readonly sender: number;
      readonly window: number;
      readonly maxPacket: number;
    }
  | {
      readonly type: 'open-failure';
      readonly recipient: number;
      readonly reason: number;
      readonly description: string;
    }
  | { readonly type: 'window-adjust'; readonly recipient: number; readonly bytes: number }
  | { readonly type: 'data'; readonly recipient: number; readonly data: Buffer }
  | {
      readonly type: 'extended-data';
      readonly recipient: number;
      readonly code: number;
      readonly data: Buffer;
    }
  | { readonly type: 'eof'; readonly recipient: number }
  | { readonly type: 'close'; readonly recipient: number }
  | {
      readonly type: 'request';
      readonly recipient: number;
      readonly name: string;
      readonly wantReply: boolean;
      readonly payload: Buffer;
    }
  | { readonly type: 'success'; readonly recipient: number }
  | { readonly type: 'failure'; readonly recipient: number };

const NUMBER = {
  open: 90,
  'open-confirmation': 91,
  'open-failure': 92,
  'window-adjust': 93,
  data: 94,
  'extended-data': 95,
  eof: 96,
  close: 97,
  request: 98,
  success: 99,
  failure: 100,
} as const satisfies Record<ChannelMessage['type'], number>;

const NAME = new Map<number, ChannelMessage['type']>(
  Object.entries(NUMBER).map(([name, number]) => [number, name as ChannelMessage['type']]),
);

/** The payload of an SSH packet, in parts: data is one of them, not copied. */
export function encodeChannelMessage(message: ChannelMessage): readonly Buffer[] {
  return write(message).parts();
}

function write(message: ChannelMessage): Writer {
  const to = new Writer().byte(NUMBER[message.type]);
  switch (message.type) {
    case 'open':
      to.string(message.channelType).u32(message.sender).u32(message.window);
      return to.u32(message.maxPacket).raw(message.extra);
    case 'open-confirmation':
      to.u32(message.recipient).u32(message.sender).u32(message.window);
      return to.u32(message.maxPacket);
    case 'open-failure':
      to.u32(message.recipient).u32(message.reason).string(message.description);
      return to.string('');
    case 'window-adjust':
      return to.u32(message.recipient).u32(message.bytes);
    case 'data':
      return to.u32(message.recipient).string(message.data);
    case 'extended-data':
      return to.u32(message.recipient).u32(message.code).string(message.data);
    case 'request':
      to.u32(message.recipient).string(message.name).bool(message.wantReply);
      return to.raw(message.payload);
    case 'eof':
    case 'close':
    case 'success':
    case 'failure':
      return to.u32(message.recipient);
  }
}

/** @throws SshpoolError PROTOCOL where it is malformed; data is a view of `payload`, not a copy */
export function decodeChannelMessage(payload: Buffer): ChannelMessage {
  const from = new Reader(payload);
  const number = from.byte();
  const type = NAME.get(number);
  switch (type) {
    case undefined:
      throw SshpoolError.of('PROTOCOL', { problem: `message ${number} is not a channel message` });
    case 'open': {
      const [channelType, sender, window] = [from.text(), from.u32(), from.u32()];
      return { type, channelType, sender, window, maxPacket: from.u32(), extra: from.rest() };
    }
    case 'open-confirmation': {
      const [recipient, sender, window] = [from.u32(), from.u32(), from.u32()];
      return { type, recipient, sender, window, maxPacket: from.u32() };
    }
    case 'open-failure':
      return { type, recipient: from.u32(), reason: from.u32(), description: from.text() };
    case 'window-adjust':
      return { type, recipient: from.u32(), bytes: from.u32() };
    case 'data':
      return { type, recipient: from.u32(), data: from.string() };
    case 'extended-data':
      return { type, recipient: from.u32(), code: from.u32(), data: from.string() };
    case 'request': {
      const [recipient, name, wantReply] = [from.u32(), from.text(), from.bool()];
      return { type, recipient, name, wantReply, payload: from.rest() };
    }
    case 'eof':
    case 'close':
    case 'success':
    case 'failure':
      return { type, recipient: from.u32() };
  }
}
