/**
 * Puts one question for the launcher, which starts this program for it. The question comes in over
 * descriptor 3: a byte for its echo, the length of its text (4 bytes), the text. The answer goes back:
 * a byte that there is one, and its text. Where no person can be asked, nothing does.
 */
import { Socket } from 'node:net';
import { Prompter } from './answer.ts';

const LAUNCHER_FD = 3;
const HEAD_BYTES = 5;

const launcher = new Socket({ fd: LAUNCHER_FD });
const prompter = new Prompter((line) => void process.stderr.write(`${line}\n`));
let received = Buffer.alloc(0);
let isPut = false;

launcher.on('data', (data: Buffer) => {
  received = Buffer.concat([received, data]);
  if (isPut || received.length < HEAD_BYTES) return;
  const length = received.readUInt32BE(1);
  if (received.length < HEAD_BYTES + length) return;
  isPut = true;
  const text = received.subarray(HEAD_BYTES, HEAD_BYTES + length).toString();
  void put(text, received.readUInt8(0) === 1);
});
// The launcher ends, or the call needs no answer any more.
for (const event of ['end', 'error']) launcher.once(event, leave);
process.once('SIGTERM', leave);

/** Restores the terminal and ends an askpass program, whose own children may live on. */
function leave(): void {
  prompter.close();
  setImmediate(() => process.exit());
}

async function put(text: string, echo: boolean): Promise<void> {
  const typed = await prompter.give(text, echo);
  if (typed === undefined) {
    launcher.destroy();
    return;
  }
  launcher.write(Buffer.of(1));
  launcher.write(typed, () => {
    typed.fill(0);
    launcher.destroy();
  });
}
