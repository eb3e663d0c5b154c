/**
 * All commands, their options and arguments, once: help, parsing, completions and the README are
 * made of this table.
 */
import { CONNECTION_OPTIONS, EXEC_OPTIONS, SHELL_OPTIONS } from '../config/exec-args.ts';
import type { OptionSpec } from '../config/options.ts';

/** What may stand as an argument, for completion. */
export type ArgumentKind = 'host' | 'pooled' | 'shell' | 'command';

export interface CommandSpec {
  readonly name: string;
  readonly summary: string;
  /** Arguments as help shows them. */
  readonly usage: string;
  readonly options: readonly OptionSpec[];
  readonly argument?: ArgumentKind;
  readonly commands?: readonly CommandSpec[];
  /** More for `--help`, one line each. */
  readonly notes?: readonly string[];
}

const HELP: OptionSpec = { name: '--help', alias: '-h', text: 'show this help' };
const JSON_OUTPUT: OptionSpec = { name: '--json', text: 'print JSON' };

export const SHELLS = ['bash', 'zsh', 'fish'] as const;

export const COMMANDS: readonly CommandSpec[] = [
  {
    name: 'exec',
    summary: 'run a command on a host over a warm connection',
    usage: '[options] HOST [--] CMD [ARG...]',
    options: EXEC_OPTIONS,
    argument: 'host',
    notes: [
      'HOST is an alias of ssh_config, a name, USER@NAME or ssh://USER@NAME:PORT.',
      'Exit status: that of the command; 128+n for signal n; 124 after --timeout;',
      '255 if the host cannot be reached or the connection is lost; 2 for bad usage.',
    ],
  },
  {
    name: 'shell',
    summary: 'a login shell on a host, in a terminal',
    usage: '[options] HOST',
    options: SHELL_OPTIONS,
    argument: 'host',
    notes: ['After a new line ~. ends it, ~^Z suspends it, ~? shows these; see -e.'],
  },
  {
    name: 'ssh',
    summary: 'as ssh(1), over a warm connection',
    usage: '[ssh options] HOST [CMD [ARG...]]',
    options: [],
    argument: 'host',
    notes: [
      'Takes what ssh takes and does what ssh does, exit status included. A command, a shell, a',
      'subsystem (-s) and -W ride the pool; for the rest (-N, -f, -L, -R, -D, -M, -O, -X, ...) it',
      'becomes ssh itself. Called as sshpool-ssh, or by a link of the name ssh, sshpool is this.',
    ],
  },
  {
    name: 'wrap',
    summary: 'run a tool for which ssh is sshpool',
    usage: '[--] TOOL [ARG...]',
    options: [HELP],
    notes: [
      'Everything that TOOL runs by the name ssh, scp or sftp goes over the pool.',
      'Exit status: that of TOOL; 127 if there is no such program.',
    ],
  },
  {
    name: 'stats',
    summary: 'show what the pool does',
    usage: '[options] [HOST]',
    options: [JSON_OUTPUT, HELP],
    argument: 'pooled',
  },
  {
    name: 'close',
    summary: 'close the connections to a host when their commands have ended',
    usage: '[options] [HOST]',
    options: [
      { name: '--all', text: 'close the connections to every host' },
      { name: '--force', text: 'end running commands too' },
      HELP,
    ],
    argument: 'pooled',
  },
  {
    name: 'warm',
    summary: 'connect to hosts ahead of time',
    usage: '[options] HOST...',
    options: CONNECTION_OPTIONS,
    argument: 'host',
  },
  {
    name: 'agent',
    summary: 'the background agent that holds the connections',
    usage: 'COMMAND',
    options: [HELP],
    argument: 'command',
    commands: [
      { name: 'start', summary: 'start it, if it does not run', usage: '', options: [HELP] },
      {
        name: 'stop',
        summary: 'end it when the running commands have ended',
        usage: '[options]',
        options: [{ name: '--force', text: 'end running commands too' }, HELP],
      },
      { name: 'restart', summary: 'stop it and start another', usage: '', options: [HELP] },
      {
        name: 'status',
        summary: 'say whether it runs (status 0) or not (status 1)',
        usage: '[options]',
        options: [JSON_OUTPUT, HELP],
      },
      { name: 'run', summary: 'be the agent, in the foreground', usage: '', options: [HELP] },
      {
        name: 'logs',
        summary: 'print its log',
        usage: '[options]',
        options: [{ name: '--follow', alias: '-f', text: 'go on as the log grows' }, HELP],
      },
    ],
  },
  {
    name: 'completion',
    summary: 'print the completions for a shell',
    usage: SHELLS.join('|'),
    options: [HELP],
    argument: 'shell',
    notes: [
      'bash: sshpool completion bash > ~/.local/share/bash-completion/completions/sshpool',
      'zsh:  sshpool completion zsh > a directory of $fpath, as _sshpool',
      'fish: sshpool completion fish > ~/.config/fish/completions/sshpool.fish',
    ],
  },
];
