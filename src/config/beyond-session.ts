/**
 * Options of ssh_config(5) that need more than one session over a pooled connection. Pure, based on the
 * output of `ssh -G`.
 */
import type { Env } from './tokens.ts';

type Values = ReadonlyMap<string, readonly string[]>;

const FORWARDINGS = ['localforward', 'remoteforward', 'dynamicforward'];

/** Levels at which ssh logs what it does. */
const TALKATIVE = /^(?:VERBOSE|DEBUG[1-3]?)$/i;

/** The option that only ssh itself can honour, for every command of sshpool; undefined if there is none. */
export function onlyBySsh(printed: Values): string | undefined {
  const isSet = (option: string): boolean =>
    !['no', 'false', 'none', ''].includes(printed.get(option)?.[0] ?? '');
  // The call's own stdin and stdout are the connection to the server (sshconnect.c).
  if (printed.get('proxycommand')?.[0] === '-') return 'ProxyCommand -';
  // LocalCommand runs on this machine at each call, and writes to the call's output.
  if (isSet('permitlocalcommand') && isSet('localcommand')) return 'LocalCommand';
  if (isSet('channeltimeout')) return 'ChannelTimeout';
  const asks = printed.get('controlmaster')?.[0]?.endsWith('ask');
  return asks && isSet('controlpath') ? 'ControlMaster' : undefined;
}

/** Whether ssh itself must make this call of `sshpool ssh`, which must honour these options. */
export function isBeyondSession(printed: Values, env: Env, quiet: boolean): boolean {
  const first = (option: string): string => printed.get(option)?.[0] ?? 'no';
  const isOn = (option: string): boolean => !['no', 'false', 'none', ''].includes(first(option));
  return (
    (!isOn('clearallforwardings') && FORWARDINGS.some((option) => printed.has(option))) ||
    isOn('tunnel') ||
    isOn('forkafterauthentication') ||
    first('sessiontype') === 'none' ||
    (!quiet && TALKATIVE.test(first('loglevel'))) ||
    (isOn('forwardx11') && Boolean(env['DISPLAY']))
  );
}
