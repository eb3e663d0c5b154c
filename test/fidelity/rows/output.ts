/** Standard output and standard error: closed, full, abandoned, and held by children. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { alive, signal, until } from '../../support/process.ts';
import { plain, type Row } from '../row.ts';

const STATUS = 'echo "status $?" >&2';

export const outputRows: readonly Row[] = [
  plain('standard output and standard error are two', ['box', 'echo out; echo err >&2; exit 2']),
  plain('bytes of every kind come back', ['box', String.raw`printf '\000\001\377\r\n\033[m\200'`]),
  plain('output without an end of line is as it is', ['box', 'printf x; printf y >&2']),
  plain('standard output may be closed', ['box', 'echo x; echo y >&2; exit 4'], {
    shell: '"$@" >&-',
  }),
  plain('standard error may be closed', ['box', 'echo x; echo y >&2; exit 4'], {
    shell: '"$@" 2>&-',
  }),
  // What comes on standard error meanwhile ssh sometimes loses.
  plain('standard output may be full', ['box', 'echo x; exit 4'], {
    shell: '"$@" >/dev/full',
  }),
  plain('all three may be closed', ['box', 'echo x >{dir}/there; exit 4'], {
    shell: `"$@" <&- >&- 2>&-; ${STATUS}; cat there`,
  }),
  plain('a reader that leaves ends the command, by SIGPIPE', ['box', 'yes'], {
    shell: `{ "$@"; ${STATUS}; } | head -n 1`,
  }),
  plain(
    'a reader that leaves is noticed by the command, whose status is kept',
    ['box', `trap '' PIPE; while echo y 2>/dev/null; do :; done; exit 4`],
    { shell: `{ "$@"; ${STATUS}; } | head -n 1` },
  ),
  plain(
    'a reader that leaves does not take input and standard error with it',
    ['box', `trap '' PIPE; while echo y 2>/dev/null; do :; done; read -r x; echo "got $x" >&2`],
    { shell: `{ "$@"; ${STATUS}; } | head -n 1`, stdin: 'input\n' },
  ),
  plain('standard output may be a file that is added to', ['box', 'echo second'], {
    shell: 'echo first >file; "$@" >>file; cat file',
  }),
  plain('both may be one file', ['box', 'echo out; sleep 0.1; echo err >&2'], {
    shell: '"$@" >file 2>&1; cat file',
  }),
  plain('a child that holds standard output is waited for', [
    'box',
    '{ sleep 0.2; echo late; } & echo early',
  ]),
  plain('a child that holds standard error is waited for', [
    'box',
    '{ sleep 0.2; echo late >&2; } >/dev/null & echo early',
  ]),
  {
    name: 'a child that holds neither is not waited for',
    act: async (caller) => {
      const command = 'while [ ! -e {dir}/go ]; do sleep 0.01; done; echo end >{dir}/end';
      const facts = await caller.run([
        'box',
        `{ ${command}; } </dev/null >/dev/null 2>&1 & echo $! >{dir}/child; echo early`,
      ]);
      const left = alive(await caller.number('child'));
      writeFileSync(join(caller.dir, 'go'), '');
      await until(() => caller.read('end') !== '', 'the child goes on to its end');
      return { ...facts, left };
    },
  },
  {
    name: 'an output that nobody reads stops the command, and loses nothing',
    act: async (caller) => {
      const running = caller.start(['box', 'head -c 30000000 /dev/zero; touch {dir}/written']);
      running.child.stdin.end();
      running.child.stdout.pause();
      const other = await caller.run(['box', 'test -e {dir}/written']);
      running.child.stdout.resume();
      return { ...(await running.end()), written: other['code'] };
    },
  },
  plain('pipes are not left in non-blocking mode', ['box', 'cat; echo err >&2'], {
    shell: `flags() { grep -h flags /proc/$$/fdinfo/0 /proc/$$/fdinfo/1 /proc/$$/fdinfo/2; }
echo x | { "$@"; flags >flags; } 2>&1 | cat
cat flags`,
  }),
  {
    name: 'pipes are not left in non-blocking mode by SIGTERM',
    act: async (caller) => {
      const running = caller.start(['box', 'echo begun; exec sleep 600'], {
        shell: `exec 3>&1; cat | { sh -c 'echo $$ >pid; exec "$@"' sh "$@"
grep -h flags /proc/self/fdinfo/0 /proc/self/fdinfo/1 >flags; } | cat; cat flags`,
      });
      await running.shows('begun');
      signal(await caller.number('pid'), 'SIGTERM');
      running.child.stdin.end();
      return running.end();
    },
  },
];
