/** The work of each tool: it copies everything to the other side and back. */

/** How a tool is told which ssh to run. */
export interface Way {
  /** Words before the tool's own. */
  readonly before: readonly string[];
  /** The ssh command for tools that take a whole command line. */
  readonly rsh: string;
  /** Options for scp and sftp. */
  readonly options: readonly string[];
}

/** Runs a command line in the directory; returns its output, and the status if it failed. */
export type Run = (
  words: readonly string[],
  options?: { readonly cwd?: string; readonly env?: Record<string, string> },
) => Promise<string>;

interface Work {
  /** Has `source`; the other side has the same paths. */
  readonly dir: string;
  readonly way: Way;
  readonly run: Run;
  /** Without slow steps that another test has already done. */
  readonly brief: boolean;
}

interface Tool {
  readonly name: string;
  /** How often it calls ssh, at least. */
  readonly calls: number;
  /** The outputs of its steps. */
  readonly act: (work: Work) => Promise<string[]>;
}

const git: Tool['act'] = async ({ dir, way, run, brief }) => {
  const env = { GIT_SSH_COMMAND: way.rsh };
  const local = (cwd: string, ...words: string[]): Promise<string> =>
    run(['git', ...words], { cwd: `${dir}/${cwd}` });
  const remote = (cwd: string, ...words: string[]): Promise<string> =>
    run([...way.before, 'git', ...words], { cwd: `${dir}/${cwd}`, env });
  return [
    await local('', 'init', '-q', '--bare', 'remote.git'),
    await local('source', 'init', '-q'),
    await local('source', 'add', '.'),
    await local('source', 'commit', '-qm', 'First'),
    await remote('source', 'push', '-q', `box:${dir}/remote.git`, 'main'),
    await remote('', 'clone', '-q', `box:${dir}/remote.git`, 'clone'),
    await local('clone', 'commit', '-q', '--allow-empty', '-m', 'Second'),
    await remote('clone', 'push', '-q', 'origin', 'main'),
    await remote('source', 'fetch', '-q', `box:${dir}/remote.git`, 'main'),
    await local('source', 'merge', '-q', 'FETCH_HEAD'),
    // Again, with nothing new.
    await remote('source', 'fetch', '-v', `box:${dir}/remote.git`, 'main'),
    await remote('source', 'ls-remote', `box:${dir}/remote.git`),
    brief ? '' : await remote('', 'clone', '-q', `box:${dir}/remote.git`, 'again'),
    await remote('', 'clone', '-q', `box:${dir}/no-such.git`),
  ];
};

const rsync: Tool['act'] = async ({ dir, way, run }) => {
  // The times of directories may differ by a second.
  const options = ['-a', '--delete', '--itemize-changes', '--omit-dir-times'];
  const sync = (...words: string[]): Promise<string> =>
    run([...way.before, 'rsync', ...options, '-e', way.rsh, ...words]);
  return [
    await run(['sh', '-c', 'mkdir there back && echo stale | tee there/stale >back/stale']),
    await sync('source/', `box:${dir}/there/`),
    await sync(`box:${dir}/there/`, 'back/'),
    await sync('source/', `box:${dir}/there/`),
    await sync(`box:${dir}/no-such/`, 'back/'),
  ];
};

const scp =
  (...options: string[]): Tool['act'] =>
  async ({ dir, way, run }) => {
    const copy = (...words: string[]): Promise<string> =>
      run([...way.before, 'scp', ...options, ...way.options, '-q', '-p', '-r', ...words]);
    return [
      await copy('source', `box:${dir}/there`),
      await copy(`box:${dir}/there`, 'back'),
      await copy(`box:${dir}/no-such`, 'back'),
    ];
  };

const sftp: Tool['act'] = async ({ dir, way, run }) => {
  const lines = [
    'mkdir there',
    'put -pr source there',
    'get -pr there/source back',
    'ls there/source',
  ];
  const at = (...words: string[]): Promise<string> =>
    run([...way.before, 'sftp', ...way.options, '-q', ...words]);
  return [
    await run(['sh', '-c', `printf '%s\\n' "$@" >batch`, 'sh', ...lines]),
    await at('-b', 'batch', `box:${dir}`),
    await at(`box:${dir}/no-such`, 'back'),
  ];
};

export const TOOLS: readonly Tool[] = [
  { name: 'git', calls: 7, act: git },
  { name: 'rsync', calls: 4, act: rsync },
  { name: 'scp', calls: 3, act: scp() },
  { name: 'scp -O', calls: 3, act: scp('-O') },
  { name: 'sftp', calls: 2, act: sftp },
];
