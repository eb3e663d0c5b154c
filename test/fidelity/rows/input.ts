/** Standard input: how far it is read, and how it ends. */
import { randomBytes } from 'node:crypto';
import { plain, type Row } from '../row.ts';

/** The same for all contenders. */
const DATA = randomBytes(5_000_000);

export const inputRows: readonly Row[] = [
  plain('the end of input reaches the command, and its output goes on', ['box', 'cat; echo end'], {
    stdin: 'some input\n',
  }),
  plain('5 MB go both ways', ['box', 'cat'], { stdin: DATA }),
  plain('5 MB go both ways, and back on standard error as well', ['box', 'tee /dev/stderr'], {
    stdin: DATA,
  }),
  plain('bytes of every kind pass', ['box', 'od -An -tx1'], {
    stdin: Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)),
  }),
  plain('a command may leave its input unread', ['box', 'echo x'], { stdin: DATA }),
  plain('-n reads no input', ['-n', 'box', 'cat; echo end'], { stdin: 'not read\n' }),
  plain('StdinNull reads no input', ['-o', 'StdinNull=yes', 'box', 'cat; echo end'], {
    stdin: 'not read\n',
  }),
  plain('standard input may be closed', ['box', 'cat; echo end; exit 6'], { shell: '"$@" <&-' }),
  plain('standard input may be /dev/null', ['box', 'cat; echo end'], { shell: '"$@" </dev/null' }),
  plain('standard input may be a file', ['box', 'wc -c'], {
    shell: 'head -c 300000 /dev/zero >zeros; "$@" <zeros',
  }),
  plain('a file is left at its beginning by -n', ['-n', 'box', 'true'], {
    shell: 'echo line >file; { "$@"; cat; } <file',
  }),
  plain('a loop over lines loses what a call in it reads', ['box', 'cat'], {
    shell: 'while read -r line; do echo "line $line"; "$@"; done',
    stdin: 'one\ntwo\nthree\n',
  }),
  plain('a loop over lines loses none with -n', ['-n', 'box', 'cat'], {
    shell: 'while read -r line; do echo "line $line"; "$@"; done',
    stdin: 'one\ntwo\nthree\n',
  }),
  plain('a producer ends with the command', ['box', 'head -n 1'], {
    shell: '{ yes 2>/dev/null; echo "producer $?" >&2; } | "$@"',
  }),
];
