/** How the words become one command for the remote shell. */
import { plain, type Row } from '../row.ts';

export const commandRows: readonly Row[] = [
  plain('words are joined by single spaces', ['box', 'echo', '[', 'a  b', ']']),
  plain('empty words count', ['box', 'echo', '"[', '', '', ']"']),
  plain('quotes are for the remote shell', ['box', 'printf', '%s-', "'a b'", '"c  d"', '\\$HOME']),
  plain('a command may have several lines', ['box', 'echo one\necho two\n\nfalse']),
  plain('a command may end in a comment', ['box', 'echo x', '#', 'y']),
  plain('a command may be 100 KiB long', ['box', `x=${'a'.repeat(102_400)}; echo \${#x}`]),
  plain('a command may have bytes that are no UTF-8', ['box'], {
    shell: `"$@" "$(printf "printf '\\\\303\\\\050\\\\377' | od -An -tx1; echo '\\303\\050\\377'")"`,
  }),
  plain('a -- before the host is dropped', ['--', 'box', 'echo', 'x']),
  plain('a -- after the host is dropped', ['box', '--', 'echo', 'x']),
  plain('a -- behind the command is kept', ['box', 'echo', '--', 'x']),
  plain('options may follow the host', ['box', '-n', '-o', 'SetEnv=FID_A=1', 'echo $FID_A']),
  plain('options do not follow the command', ['box', 'echo', '-n', '-v']),
  plain('options may be bundled', ['-qnT', 'box', 'echo x']),
  plain('the host may be a URI', ['ssh://box', 'echo x']),
  plain('the host may have a user before it', ['root@box', 'id -un']),
  plain('an empty command is a login shell that reads standard input', ['box', ''], {
    stdin: 'echo in $0\nexit 3\n',
  }),
  plain('no command is a login shell, and the terminal that is not there is told', ['box'], {
    stdin: 'echo in $0\nexit 3\n',
  }),
  plain('no command is a login shell, quietly with -T', ['-T', 'box'], { stdin: 'exit 4\n' }),
  plain('a RemoteCommand runs alone', ['-o', 'RemoteCommand=echo remote; exit 5', 'box']),
  plain('a RemoteCommand has its tokens expanded', [
    ...['-o', 'RemoteCommand=echo %% %h %n %r %u %i %%h', 'box'],
  ]),
  plain('a RemoteCommand and a command are too much', ['-o', 'RemoteCommand=true', 'box', 'true']),
  plain('a RemoteCommand of none is none', ['-o', 'RemoteCommand=none', 'box', 'echo x']),
];
