/**
 * A key agent in software, on a socket of its own: it lists the given keys, of any type, and signs
 * as the test wants (draft-miller-ssh-agent).
 */
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { Reader, Writer } from '../../src/base/bytes.ts';
import type { Sandbox } from './sandbox.ts';

export interface SoftKey {
  readonly blob: Buffer;
  readonly comment: string;
  /** Returns the whole signature; without it the agent refuses to sign. */
  readonly sign?: (data: Buffer, flags: number) => Buffer;
}

/** Returns the path of its socket. */
export async function startSoftAgent(sandbox: Sandbox, keys: readonly SoftKey[]): Promise<string> {
  const path = sandbox.path('soft-agent');
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => socket.destroy()));
    // Requests are small: each arrives in one piece.
    socket.on('data', (chunk: Buffer) => {
      const answer = answerTo(new Reader(new Reader(chunk).string()), keys);
      socket.write(new Writer().string(answer).finish());
    });
  });
  server.listen(path);
  await once(server, 'listening');
  sandbox.defer(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  });
  return path;
}

const REFUSED = Buffer.of(5);

function answerTo(request: Reader, keys: readonly SoftKey[]): Buffer {
  const type = request.byte();
  if (type === 11) {
    const list = new Writer().byte(12).u32(keys.length);
    for (const { blob, comment } of keys) list.string(blob).string(comment);
    return list.finish();
  }
  if (type !== 13) return REFUSED;
  const [blob, data, flags] = [request.string(), request.string(), request.u32()];
  const signature = keys.find((key) => key.blob.equals(blob))?.sign?.(data, flags);
  return signature ? new Writer().byte(14).string(signature).finish() : REFUSED;
}
