// @ts-check
/** docs/PROTOCOL.md: the tables of protocol.ts, for people who write another caller. */
import { markdownTable } from './sections.js';

/**
 * @typedef {object} Row
 * @property {number} number
 * @property {'both' | 'caller' | 'agent'} from
 * @property {string} doc
 * @property {Readonly<Record<string, readonly [type: string, doc: string]>>} fields
 */
/**
 * @typedef {object} Protocol
 * @property {number} PROTOCOL
 * @property {number} MAX_FRAME
 * @property {number} MAX_CHUNK
 * @property {number} AGENT_PATIENCE_MS
 * @property {number} AGENT_RUNNING_PATIENCE_MS
 * @property {number} MAX_HELLO
 * @property {Readonly<Record<string, string>>} CAPABILITIES
 * @property {Readonly<Record<string, Row>>} MESSAGES
 * @property {readonly string[]} CALLER_ENV
 */

const DIRECTION = { both: 'both ways', caller: 'caller → agent', agent: 'agent → caller' };

const number = (/** @type {number} */ value) => value.toLocaleString('en-US');

/** @param {Protocol} protocol */
export function protocolDocument(protocol) {
  const rows = Object.entries(protocol.MESSAGES);
  const of = (/** @type {string} */ name) => {
    const row = protocol.MESSAGES[name];
    if (row === undefined) throw new Error(`the protocol has no message ${name}`);
    return `\`${name}\` (${row.number})`;
  };
  return `<!-- Generated from src/wire/protocol.ts by \`npm run generate\`: change it there. -->

# The protocol between callers and the agent

Version ${protocol.PROTOCOL}. A caller (the \`sshpool\` program, or anything else of the same user) connects to the
agent's unix socket, says hello, makes one call and reads until its last message. One connection is
one call.

## Frames

All integers are big-endian. A frame is a \`u32\` length and a body of that many bytes; a body has 1 to
${number(protocol.MAX_FRAME)} bytes: a \`u8\`, the number of the message, then its fields in the order given below, with
nothing after the last one. An empty frame, a longer one, a hello above ${number(protocol.MAX_HELLO)} bytes, and a body that is
cut short or too long end the connection. So does a caller that takes more than 5 s for its hello, or more than
10 s for a frame before its call.

${markdownTable([
  ['Type', 'Bytes'],
  ['`u8`', 'one byte'],
  ['`u32`', 'four bytes'],
  ['`bool`', 'one byte, 0 or 1'],
  ['`bytes`', 'a `u32` length, then the bytes'],
  ['`text`', 'as `bytes`, UTF-8'],
  ['`text[]`', 'a `u32` count, then so many `text`'],
  ['`bytes[]`', 'a `u32` count, then so many `bytes`'],
])}

## Hello and versions

The first frame of each side is ${of('hello')}. Its layout, and that of ${of('retire')}, never changes, so
that any two versions understand each other that far. The caller speaks first and need not wait for
the answer before it makes its call.

- The same \`protocol\`, whatever the \`version\`: the two talk. A message whose number is not known is
  skipped, an unknown capability is ignored; a number once given never gets another meaning.
- The agent is older: it ignores the call. The caller sends hello and \`retire\` on a new connection;
  the agent gives its socket up, finishes what runs and leaves; the caller starts an agent of its own
  and makes the call again. Nothing of the call was done before.
- The agent is newer: the caller says so and exits with 255.
- An agent that closes the connection without a hello has done nothing: it was about to leave. The caller
  connects again, or starts another one.

What a caller may say in \`capabilities\`:

${markdownTable([
  ['Capability', 'Meaning'],
  ...Object.entries(protocol.CAPABILITIES).map(([name, doc]) => [`\`${name}\``, doc]),
])}

## One exec

\`\`\`
caller                                    agent
  hello ─────────────────────────────────▶
  exec (argv, cwd, env, terminals) ──────▶  parses argv
  ◀───────────────────────────────── hello
  ◀────────────────────────────── accepted  the words are right
  ◀───────────── ask, askEnvironment, note  any number of them
  answer, environment ───────────────────▶
  ◀────────────────────────────── starting  the command may have run from here on
  ◀──────────────────────────────── opened  the command runs
  ◀──────────────────────────────── window  stdin may be sent
  stdin, stdinEnd, signal ───────────────▶
  ◀──────────────────────── stdout, stderr
  taken ─────────────────────────────────▶  after they were written out
  ◀──────────────────────────────── exited  the last message
\`\`\`

- The last message is one of ${of('exited')}, ${of('failed')} (nothing was run) and
  ${of('delegate')}; for a request it is \`failed\` or ${of('result')}.
- Before \`opened\` the caller reads no byte of its standard input, so that \`delegate\` and \`failed\`
  lose nothing.
- Before the hello, and then before \`opened\` or the last message, a caller may take the agent for hung:
  after ${number(protocol.AGENT_PATIENCE_MS)} ms without a message it sends ${of('ping')}, and the agent answers at once with
  ${of('pong')} or has failed after as many milliseconds more. Once the command runs it is
  ${number(protocol.AGENT_RUNNING_PATIENCE_MS)} ms.
- A call that ends without a last message before \`starting\` has run nothing, and may be made in another way.
- A caller that closes its connection while the command runs hangs up on it: it gets HUP, and KILL
  five seconds later.

## Flow control

Both ways by credits, so that neither side ever holds more than a window of the other's bytes.

- **stdin**: the caller sends no more bytes than all ${of('window')} messages granted so far, in pieces
  of at most ${number(protocol.MAX_CHUNK)} bytes. The agent grants what the remote window takes. More than was
  granted ends the connection.
- **stdout and stderr**: the agent sends at most what the SSH channel's window lets the server send
  (2 MiB for both). The caller returns the bytes with ${of('taken')} once they are written out, or
  dropped because their reader has gone, and only then may the server send more. To take more than was
  sent ends the connection.

## The caller's environment

Of its environment a caller sends, unasked, these variables in \`exec\` and no others:
${protocol.CALLER_ENV.map((name) => `\`${name}\``).join(', ')}.
Where \`SendEnv\` of ssh_config names more, the agent asks with ${of('askEnvironment')}.

## Messages

${rows.map(message).join('\n\n')}
`;
}

/** @param {readonly [name: string, row: Row]} entry */
function message([name, { number: id, from, doc, fields }]) {
  const table = Object.entries(fields).map(([field, [type, meaning]]) => [
    `\`${field}\``,
    `\`${type}\``,
    meaning,
  ]);
  const heading = `### ${id} \`${name}\` (${DIRECTION[from]})\n\n${doc}`;
  if (table.length === 0) return heading;
  return `${heading}\n\n${markdownTable([['Field', 'Type', 'Meaning'], ...table])}`;
}
