/**
 * Options of ssh_config(5) that make `ssh HOST` more than one session. Pure, over what `ssh -G`
 * printed; for `sshpool ssh`, which must do what they say.
 */
import type { Env } from './tokens.ts';

type Values = ReadonlyMap<string, readonly string[]>;

const FORWARDINGS = ['localforward', 'remoteforward', 'dynamicforward'];

/** Whether ssh itself must make this call. */
export function isBeyondSession(printed: Values, env: Env): boolean {
  const first = (option: string): string => printed.get(option)?.[0] ?? 'no';
  const isOn = (option: string): boolean => !['no', 'false', 'none', ''].includes(first(option));
  return (
    (!isOn('clearallforwardings') && FORWARDINGS.some((option) => printed.has(option))) ||
    isOn('tunnel') ||
    isOn('forkafterauthentication') ||
    first('sessiontype') === 'none' ||
    (isOn('forwardx11') && Boolean(env['DISPLAY']))
  );
}
