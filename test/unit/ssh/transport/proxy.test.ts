import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openPipes } from '../../../../src/ssh/transport/pipes.ts';
import type { Note } from '../../../../src/ssh/link/prompts.ts';
import { startProxy } from '../../../../src/ssh/transport/proxy.ts';
import { createSandbox } from '../../../support/sandbox.ts';
import { until } from '../../../support/process.ts';

const ENV = { PATH: process.env['PATH'] };

/** Starts a proxy over pipes, or over the socket pairs that Node makes. */
async function start(
  kind: string,
  command: string,
  more: Partial<Parameters<typeof startProxy>[1]> = {},
): Promise<ReturnType<typeof startProxy>> {
  const context = { env: ENV, cwd: '/', note: () => undefined, ...more };
  if (kind !== 'pipes') return startProxy(command, context);
  const sandbox = createSandbox();
  onTestFinished(() => sandbox[Symbol.asyncDispose]());
  const pipes = await openPipes(sandbox.run);
  expect(pipes).toBeDefined();
  // No other process can find the pipes.
  expect(readdirSync(sandbox.run)).toEqual([]);
  return startProxy(command, context, pipes);
}

/** The error of a proxy after the first line of ssh was written to it. */
async function endOf(kind: string, command: string, cwd = '/'): Promise<unknown> {
  const stream = await start(kind, command, { cwd });
  stream.resume();
  stream.write('SSH-2.0-x\r\n');
  return new Promise((resolve) => {
    stream.once('error', resolve);
    stream.once('end', () => resolve('end'));
  });
}

describe.each(['pipes', 'socket pairs'])('over %s', (kind) => {
  test.each([
    [`sh -c 'echo bad >&2; exit 1'`, /: bad$/],
    [`sh -c 'exec 1>&-; sleep 0.1; echo bad >&2; exit 1'`, /: bad$/],
    [`sh -c 'read line; sleep 0.1; echo bad >&2; exit 1'`, /: bad$/],
    ['false', /: it exited with status 1$/],
    ['true', /: it exited with status 0$/],
    ['/no/such/program', /: .*not found$/],
  ])('a proxy that fails is reported with its message: %s', async (command, words) => {
    expect(await endOf(kind, command)).toMatchObject({ code: 'PROXY_FAILED' });
    expect(String(await endOf(kind, command))).toMatch(words);
  });

  test('a proxy that fails is named by its program only: an argument may be a password', async () => {
    const failure = String(await endOf(kind, `sh -c 'exit 1' --auth me:secret`));
    expect(failure).toContain('proxy command failed: sh: it exited with status 1');
    expect(failure).not.toContain('secret');
  });

  test('a proxy that closes only its input fails as a proxy', async () => {
    const stream = await start(kind, `sh -c 'exec 0<&-; echo closed; exec sleep 60'`);
    await once(stream, 'data');
    stream.write('x');
    const [failure] = await new Promise<unknown[]>((resolve) => {
      stream.once('error', (...thrown) => resolve(thrown));
    });
    expect(failure).toMatchObject({ code: 'PROXY_FAILED' });
  });

  test('a proxy in a removed directory reports that', async () => {
    expect(String(await endOf(kind, 'cat', '/no/such'))).toMatch(
      /the working directory \/no\/such does not exist any more$/,
    );
  });

  test('a proxy carries bytes both ways, and counts them', async () => {
    const stream = await start(kind, 'cat');
    stream.write('hello');
    const [chunk] = (await once(stream, 'data')) as [Buffer];
    stream.destroy();
    expect(chunk.toString()).toBe('hello');
    expect([stream.bytesRead, stream.bytesWritten]).toEqual([5, 5]);
  });

  test('a proxy that ends normally after its output ends the stream', async () => {
    expect(await endOf(kind, 'head -1')).toBe('end');
  });

  test('a proxy is ready when it sends data, and when it ends without data', async () => {
    const stream = await start(kind, `sh -c 'read line; echo "$line"; exec cat'`);
    let hasSpoken = false;
    void stream.spoke.then(() => (hasSpoken = true));
    stream.resume();
    await new Promise((resolve) => setImmediate(resolve));
    expect(hasSpoken).toBe(false);
    stream.write('hello\n');
    await stream.spoke;
    stream.destroy();
    const silent = await start(kind, 'cat');
    silent.destroy();
    await silent.spoke;
  });

  test.each(['one\n\n  two\n', 'one\r\ntwo', 'no end', 'ä', '10%\r\u001b[1m20%'])(
    'the messages of a proxy are shown unchanged: %j',
    async (words) => {
      const said: string[] = [];
      const note: Note = (text) => said.push(text);
      const env = { PATH: process.env['PATH'], WORDS: words };
      const stream = await start(kind, `sh -c 'printf %s "$WORDS" >&2; exec cat'`, { env, note });
      await until(() => said.join('').length >= words.length, 'it is shown');
      stream.destroy();
      expect(said.join('')).toBe(words);
    },
  );

  test('a proxy that ends right after its last message loses nothing', async () => {
    const stream = await start(kind, 'head -c 3000000 /dev/zero');
    let length = 0;
    stream.on('data', (chunk: Buffer) => (length += chunk.length));
    await once(stream, 'end');
    expect(length).toBe(3_000_000);
  });
});

test('over pipes a proxy can open its standard input again, which a socket pair does not allow', async () => {
  const stream = await start('pipes', `sh -c 'cat /dev/stdin'`);
  stream.write('hello');
  const [chunk] = (await once(stream, 'data')) as [Buffer];
  stream.destroy();
  expect(chunk.toString()).toBe('hello');
});

test('if pipes cannot be made there are none', async () => {
  expect(await openPipes('/no/such')).toBeUndefined();
});
