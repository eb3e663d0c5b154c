/** The completions, run in the real shells. */
import { execFile, spawnSync } from 'node:child_process';
import { symlinkSync, mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PROGRAM, runCli } from '../support/cli.ts';
import { createSandbox, type Sandbox } from '../support/sandbox.ts';
import { haveSshd, startSshd } from '../support/sshd.ts';

const run = promisify(execFile);
const COMPLETIONS = fileURLToPath(new URL('../../completions/', import.meta.url));

/** Returns the completions of a shell at the end of a command line. */
type Complete = (sandbox: Sandbox, line: string) => Promise<string[]>;

function environment(sandbox: Sandbox): Record<string, string> {
  // The scripts call `sshpool` by its name, as it is installed.
  return { ...sandbox.env, PATH: `${sandbox.path('bin')}:${sandbox.env['PATH'] ?? ''}` };
}

async function words(
  sandbox: Sandbox,
  [shell = '', ...args]: readonly string[],
): Promise<string[]> {
  const { stdout } = await run(shell, args, {
    env: environment(sandbox),
    cwd: sandbox.home,
    timeout: 20_000,
  });
  return stdout.split('\n').filter((word) => word !== '');
}

/** As readline does: words broken at blanks, : and =; @ starts a word with what follows. */
const bash: Complete = async (sandbox, line) => {
  const parts: string[] = line.match(/[^\s:=@]+|[:=@]/g) ?? [];
  if (line.endsWith(' ')) parts.push('');
  const current = parts.at(-1) ?? '';
  const replaced = parts.at(-2) === '@' ? `@${current}` : current;
  const script = `
    source ${COMPLETIONS}sshpool.bash
    COMP_LINE=$1 COMP_POINT=\${#1} replaced=$2
    shift 2
    COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
    _sshpool sshpool "$replaced" ''
    printf '%s\\n' "\${COMPREPLY[@]}"`;
  return words(sandbox, ['bash', '--norc', '-c', script, 'bash', line, replaced, ...parts]);
};

const fish: Complete = async (sandbox, line) => {
  const script = `source ${COMPLETIONS}sshpool.fish; complete -C $argv[1]`;
  const offered = await words(sandbox, ['fish', '--no-config', '-c', script, line]);
  return offered.map((row) => row.split('\t')[0] ?? '');
};

/** Runs a zsh in its own terminal, with a compadd that prints the added words. */
const zsh: Complete = async (sandbox, line) => {
  const inner = sandbox.write(
    'zsh/inner.zsh',
    `
    PROMPT= RPROMPT=
    fpath=(${COMPLETIONS} $fpath)
    autoload -Uz compinit
    compinit -u -d ${sandbox.path('zsh', 'dump')}
    zstyle ':completion:*' completer _complete
    unsetopt list_ambiguous
    compadd() {
      local -a added
      builtin compadd -O added "$@"
      print -rl -- "\${added[@]}" >> ${sandbox.path('zsh', 'offered')}
      builtin compadd "$@"
    }
    finish() { print -r -- THE-END }
    zle -N finish
    bindkey '^I' complete-word '^X' finish
    print RE''ADY
  `,
  );
  const outer = `
    zmodload zsh/zpty
    : > ${sandbox.path('zsh', 'offered')}
    zpty inner zsh -f -i
    zpty -w inner "source ${inner}"
    zpty -r -m inner text '*READY*'
    zpty -w -n inner "$1"$'\\t\\x18'
    zpty -r -m inner text '*THE-END*'
    zpty -d inner
    cat ${sandbox.path('zsh', 'offered')}`;
  return words(sandbox, ['zsh', '-f', '-c', outer, 'zsh', line]);
};

const SHELLS = { bash, zsh, fish };
const present = (shell: string): boolean => spawnSync(shell, ['-c', 'exit 0']).error === undefined;

for (const [shell, complete] of Object.entries(SHELLS)) {
  describe.skipIf(!present(shell))(`completion in ${shell} (skipped where there is none)`, () => {
    let sandbox: Sandbox;
    beforeAll(() => {
      sandbox = createSandbox();
      mkdirSync(sandbox.path('bin'));
      symlinkSync(PROGRAM, sandbox.path('bin', 'sshpool'));
      sandbox.write('home/.ssh/config', 'Include more/*.conf\nHost alpha beta *.example !no\n');
      sandbox.write('home/.ssh/more/work.conf', 'Host gamma $(touch${IFS}pwned)\n');
    });
    afterAll(() => sandbox[Symbol.asyncDispose]());
    const at = async (line: string): Promise<string[]> =>
      [...new Set(await complete(sandbox, line))].toSorted();

    it('offers the commands', async () => {
      expect(await at('sshpool ')).toEqual(
        expect.arrayContaining(['agent', 'close', 'completion', 'exec', 'help', 'stats', 'warm']),
      );
      expect(await at('sshpool st')).toEqual(['stats']);
      expect(await at('sshpool help w')).toEqual(['warm', 'wrap']);
    });

    it('offers the options of each command', async () => {
      expect(await at('sshpool exec --')).toEqual(['--fresh', '--help', '--json', '--timeout']);
      expect(await at('sshpool agent stop --f')).toEqual(['--force']);
      expect(await at('sshpool close --a')).toEqual(['--all']);
      expect(await at('sshpool stats --a')).toEqual([]);
    });

    it('offers the commands of the agent', async () => {
      expect(await at('sshpool agent st')).toEqual(['start', 'status', 'stop']);
      expect(await at('sshpool agent stop st')).toEqual([]);
      expect(await at('sshpool completion z')).toEqual(['zsh']);
    });

    it('offers the hosts of ssh_config and its Include files, and runs no command of it', async () => {
      const hosts = await at('sshpool exec ');
      expect(hosts).toEqual(expect.arrayContaining(['alpha', 'beta', 'gamma']));
      expect(hosts).not.toEqual(expect.arrayContaining(['*.example']));
      expect(await at('sshpool exec -p 22 al')).toEqual(['alpha']);
      expect(await at('sshpool warm alpha be')).toEqual(['beta']);
      expect((await run('ls', [sandbox.home])).stdout).not.toContain('pwned');
    });

    it('offers nothing for the value of an option or after the HOST of exec', async () => {
      expect(await at('sshpool exec -p al')).toEqual([]);
      expect(await at('sshpool exec alpha be')).toEqual([]);
      expect(await at('sshpool exec alpha ls --j')).toEqual([]);
    });

    it('offers no targets if no agent runs', async () => {
      expect(await at('sshpool close ')).toEqual([]);
    });

    it.skipIf(!haveSshd())('offers the targets that are in the pool', async () => {
      const sshd = await startSshd(sandbox);
      const warm = (target: string) => runCli(sandbox, ['warm', '-F', sshd.config(), target]);
      const named = `${sshd.user}@box`;
      expect(await warm(named)).toMatchObject({ code: 0, stderr: '' });
      const [offered = ''] = await at(`sshpool close ${sshd.user}@b`);
      // Bash gets the end of the word only, from the @ on.
      expect(offered).toBe(shell === 'bash' ? '@box' : named);
      await runCli(sandbox, ['close', named]);

      expect(await warm('box')).toMatchObject({ code: 0, stderr: '' });
      expect(await at('sshpool close b')).toEqual(['box']);
      expect(await at('sshpool stats b')).toEqual(['box']);
      expect(await at('sshpool close box bo')).toEqual([]);
    });
  });
}

it('the scripts are printed as they are in completions/', async () => {
  await using sandbox = createSandbox();
  const { stdout } = await runCli(sandbox, ['completion', 'bash']);
  const { stdout: file } = await run('cat', [`${COMPLETIONS}sshpool.bash`]);
  expect(stdout.toString()).toBe(file);
});
