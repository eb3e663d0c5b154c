/** An agent that sends what the test wants, for callers without a real agent. */
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { frame, FrameReader } from '../../src/base/frames.ts';
import { decodeMessage, encodeMessage } from '../../src/wire/codec.ts';
import { MAX_FRAME, PROTOCOL, type Message } from '../../src/wire/protocol.ts';
import type { Sandbox } from './sandbox.ts';

export const bytesOf = (...messages: readonly Message[]): Buffer =>
  Buffer.concat(messages.flatMap((message) => frame(encodeMessage(message))));

type Of<Type extends Message['type']> = Extract<Message, { readonly type: Type }>;

export const HELLO: Message = { type: 'hello', protocol: PROTOCOL, version: 'x', capabilities: [] };
export const ACCEPTED: Message = { type: 'accepted', target: 'box', json: false, quiet: false };
export const OPENED: Of<'opened'> = {
  type: 'opened',
  stdin: true,
  terminal: false,
  escape: Buffer.alloc(0),
  signals: true,
};
export const EXITED: Of<'exited'> = {
  type: 'exited',
  exitCode: 3,
  status: 'exited',
  signal: '',
  message: '',
  farewell: '',
  reused: true,
  queueMs: 0,
  connectMs: 0,
  execMs: 1,
};

/** Listens on the socket of the sandbox's agent; returns the bytes that callers have sent so far. */
export async function fakeAgent(
  sandbox: Sandbox,
  onCall: (socket: Socket) => void,
  onMessage: (message: Message | undefined, socket: Socket) => void = () => undefined,
): Promise<() => Buffer> {
  const sockets = new Set<Socket>();
  const chunks: Buffer[] = [];
  const server = createServer((socket) => {
    const frames = new FrameReader(MAX_FRAME);
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.once('data', () => onCall(socket));
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      for (const body of frames.push(chunk)) onMessage(decodeMessage(body), socket);
    });
  });
  await new Promise<void>((resolve) => server.listen(join(sandbox.run, 'agent.sock'), resolve));
  sandbox.defer(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  return () => Buffer.concat(chunks);
}

/** What callers say to an agent whose commands exit with 3. Of them only the launcher can `delegate`. */
export async function exitingAgent(
  sandbox: Sandbox,
): Promise<{ readonly commands: string[]; native: boolean }> {
  const said = { commands: [] as string[], native: false };
  const answer = bytesOf(HELLO, ACCEPTED, { ...OPENED, stdin: false }, EXITED);
  await fakeAgent(
    sandbox,
    (socket) => void socket.end(answer),
    (message) => {
      if (message?.type === 'hello') said.native = message.capabilities.includes('delegate');
      if (message?.type === 'exec') said.commands.push(message.command);
    },
  );
  return said;
}
