/**
 * Completions for the shells, generated from the command table. The scripts hold the words that
 * never change; hosts and targets they ask of `sshpool completion --hosts` and `--targets`.
 */
import { homedir } from 'node:os';
import { configHosts } from '../../config/config-hosts.ts';
import { callRunning } from '../agent-call.ts';
import { COMMANDS } from '../command-table.ts';
import { bashCompletion, fishCompletion, zshCompletion } from '../completion-scripts.ts';

const SCRIPTS: Readonly<Record<string, (() => string) | undefined>> = {
  bash: () => bashCompletion(COMMANDS),
  zsh: () => zshCompletion(COMMANDS),
  fish: () => fishCompletion(COMMANDS),
};

/** The script for a shell; undefined for one that we do not know. */
export function completionScript(shell: string): string | undefined {
  return SCRIPTS[shell]?.();
}

/** Prints what the scripts ask for; silent where something is missing, as completions must be. */
export async function printWords(kind: '--hosts' | '--targets'): Promise<number> {
  const words =
    kind === '--hosts' ? configHosts(`${homedir()}/.ssh/config`, homedir()) : await pooled();
  process.stdout.write(words.map((word) => `${word}\n`).join(''));
  return 0;
}

async function pooled(): Promise<string[]> {
  const found = await callRunning('stats', { target: null });
  return [...new Set(found?.connections.map(({ target }) => target) ?? [])];
}
