/** Options of ssh_config(5) about the connection to the server: addresses, time limits, rekeying. */

export interface NetworkOptions {
  readonly connectTimeoutMs: number | undefined;
  readonly connectionAttempts: number;
  readonly addressFamily: 'any' | 'inet' | 'inet6';
  readonly bindAddress: string | undefined;
  readonly bindInterface: string | undefined;
  readonly tcpKeepAlive: boolean;
  readonly serverAliveIntervalMs: number;
  readonly serverAliveCountMax: number;
  readonly rekeyAfter: RekeyAfter;
}

/** RekeyLimit; 0 means unset. `bytes` are per direction; the first direction to reach it counts. */
export interface RekeyAfter {
  readonly bytes: number;
  readonly ms: number;
}

/** What Debian's ssh sets together with BatchMode, in seconds (its ssh_config(5), BatchMode). */
const DEBIAN_BATCH = { interval: '300', count: '3' } as const;

export function networkOptions(one: (name: string) => string | undefined): NetworkOptions {
  const timeoutMs = milliseconds(one('connecttimeout'));
  return {
    connectTimeoutMs: timeoutMs > 0 ? timeoutMs : undefined,
    connectionAttempts: Number(one('connectionattempts') ?? 1),
    addressFamily: family(one('addressfamily')),
    bindAddress: one('bindaddress'),
    bindInterface: one('bindinterface'),
    tcpKeepAlive: ['yes', 'true'].includes(one('tcpkeepalive') ?? ''),
    ...serverAlive(one),
    rekeyAfter: rekeyLimit(one('rekeylimit')),
  };
}

type ServerAlive = Pick<NetworkOptions, 'serverAliveIntervalMs' | 'serverAliveCountMax'>;

/** 0 means no keep-alive; also for Debian's default with BatchMode, which the user did not choose. */
function serverAlive(one: (name: string) => string | undefined): ServerAlive {
  const interval = one('serveraliveinterval');
  const count = one('serveralivecountmax') ?? '3';
  const { interval: batchInterval, count: batchCount } = DEBIAN_BATCH;
  const isDefault =
    one('batchmode') === 'yes' && interval === batchInterval && count === batchCount;
  return {
    serverAliveIntervalMs: isDefault ? 0 : milliseconds(interval),
    serverAliveCountMax: Number(count),
  };
}

function milliseconds(seconds: string | undefined): number {
  return seconds === undefined ? 0 : Number(seconds) * 1000;
}

function family(value: string | undefined): NetworkOptions['addressFamily'] {
  return value === 'inet' || value === 'inet6' ? value : 'any';
}

function rekeyLimit(value = '0 0'): RekeyAfter {
  const [bytes, seconds] = value.split(' ');
  return { bytes: Number(bytes), ms: milliseconds(seconds) };
}
