/** `sshpool completion`: prints the script of a shell, or the words that the scripts ask for. */
import { homedir } from 'node:os';
import { configHosts } from '../../config/ssh-config/hosts.ts';
import { callRunning } from '../agent-call.ts';
import { COMMANDS } from '../command-table.ts';
import { bashCompletion, fishCompletion, zshCompletion } from '../completion-scripts.ts';

const SCRIPTS: Readonly<Record<string, (() => string) | undefined>> = {
  bash: () => bashCompletion(COMMANDS),
  zsh: () => zshCompletion(COMMANDS),
  fish: () => fishCompletion(COMMANDS),
};

export function completionScript(shell: string): string | undefined {
  return SCRIPTS[shell]?.();
}

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
