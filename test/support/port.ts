import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/**
 * A port without a listener, now and later: tcpmux (RFC 1078). A port that is only free now may be
 * given to another test's server, or to a connection, before the test uses it.
 */
export const CLOSED_PORT = 1;

/** Below those that systems give to connections and to listeners that name none (Linux: 32768, macOS: 49152). */
const [FIRST, END] = [10_000, 32_768];

/**
 * A port of 127.0.0.1 that has no listener now. A server that was stopped gets it again, and callers that
 * look for that server reach no listener of another test.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(FIRST, END);
    if (await isFree(port)) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(false);
      else reject(error);
    });
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
