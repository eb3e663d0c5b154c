/** A remote terminal without a local one. */
import { plain, type Row } from '../row.ts';

export const ptyRows: readonly Row[] = [
  plain('-t without a local terminal gives none, and says so', ['-t', 'box', 'tty; echo err >&2']),
  plain('-t with piped input reads that', ['-t', 'box', 'cat'], { stdin: 'x\n' }),
  plain('-tt gives a terminal all the same', ['-tt', 'box', 'tty; stty size']),
  plain('-tt sends no modes of its own', ['-tt', 'box', 'stty -a']),
  plain('-tt joins standard error to standard output', ['-tt', 'box', 'echo out; echo err >&2']),
  plain('-tt tells the status', ['-tt', 'box', 'exit 9']),
  plain('-tt passes input, and a ^D ends it', ['-tt', 'box', 'cat'], { stdin: 'line\n\u0004' }),
  {
    name: '-tt passes a ^C, which ends the command',
    act: async (caller) => {
      const running = caller.start(['-tt', 'box', 'echo begun; exec sleep 600']);
      await running.shows('begun');
      running.child.stdin.write('\u0003');
      return running.end();
    },
  },
  plain('-tt says nothing at the end with -q', ['-q', '-tt', 'box', 'echo x']),
  plain('-tt says nothing at the end under LogLevel ERROR', [
    ...['-o', 'LogLevel=ERROR', '-tt', 'box', 'echo x'],
  ]),
  plain('-tt and -T: the last one counts', ['-tt', '-T', 'box', 'tty']),
  plain('RequestTTY force gives a terminal', ['-o', 'RequestTTY=force', 'box', 'tty']),
  plain('RequestTTY yes gives none without a local one', ['-o', 'RequestTTY=yes', 'box', 'tty']),
  plain('RequestTTY no gives none to a shell', ['-o', 'RequestTTY=no', 'box'], { stdin: 'tty\n' }),
  plain('-tt with a shell that a signal ends gives 255', ['-tt', 'box', 'kill -9 $$']),
  {
    name: '-tt breaks with its connection',
    act: async (caller) => {
      // A connection of its own, since it is the server's end that is killed.
      const words = ['-tt', '-o', 'Ciphers=aes192-ctr', 'box', 'kill -9 $PPID; exec sleep 600'];
      return caller.start(words).end();
    },
  },
  plain('-tt of 1 MB is complete', ['-tt', 'box', 'stty -opost; head -c 1000000 /dev/zero']),
];
