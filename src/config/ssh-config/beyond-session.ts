/** Options of ssh_config(5) that need more than one session over a pooled connection. */
import type { Env } from './tokens.ts';

type Values = ReadonlyMap<string, readonly string[]>;

const FORWARDINGS = ['localforward', 'remoteforward', 'dynamicforward'];

const TALKATIVE = /^(?:VERBOSE|DEBUG[1-3]?)$/i;

/** The option that only ssh itself can honour, for every command of sshpool. */
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

/** For `sshpool ssh` only, which must honour these options. */
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
