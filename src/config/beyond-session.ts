/**
 * Options of ssh_config(5) that ask for more than one session over a connection of ours. Pure, over
 * what `ssh -G` printed.
 */
import type { Env } from './tokens.ts';

type Values = ReadonlyMap<string, readonly string[]>;

const FORWARDINGS = ['localforward', 'remoteforward', 'dynamicforward'];

/** Levels at which ssh tells of its own doings. */
const TALKATIVE = /^(?:VERBOSE|DEBUG[1-3]?)$/i;

/** What only ssh itself can do, whichever command the call came by; undefined where there is nothing. */
export function onlyBySsh(printed: Values): string | undefined {
  const isSet = (option: string): boolean =>
    !['no', 'false', 'none', ''].includes(printed.get(option)?.[0] ?? '');
  // The streams of the call are the way to the server (sshconnect.c).
  if (printed.get('proxycommand')?.[0] === '-') return 'ProxyCommand -';
  // It runs here, at each call, and its output is that of the call.
  if (isSet('permitlocalcommand') && isSet('localcommand')) return 'LocalCommand';
  if (isSet('channeltimeout')) return 'ChannelTimeout';
  const asks = printed.get('controlmaster')?.[0]?.endsWith('ask');
  return asks && isSet('controlpath') ? 'ControlMaster' : undefined;
}

/** For `sshpool ssh`, which must do what they say: whether ssh itself must make this call. */
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
