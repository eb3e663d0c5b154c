/** Options of ssh_config(5) about the way to the server: addresses, time limits, new keys. */

export interface NetworkOptions {
  readonly connectTimeoutMs: number | undefined;
  readonly connectionAttempts: number;
  readonly addressFamily: 'any' | 'inet' | 'inet6';
  readonly bindAddress: string | undefined;
  readonly bindInterface: string | undefined;
  readonly serverAliveIntervalMs: number;
  readonly serverAliveCountMax: number;
  readonly rekeyAfter: RekeyAfter;
}

/** RekeyLimit; each is 0 where nobody chose. */
export interface RekeyAfter {
  /** In one direction, whichever is the first to have carried as much. */
  readonly bytes: number;
  readonly ms: number;
}

/** `one` has the first value of an option, as `ssh -G` prints it; undefined for none. */
export function networkOptions(one: (name: string) => string | undefined): NetworkOptions {
  const timeoutMs = milliseconds(one('connecttimeout'));
  return {
    connectTimeoutMs: timeoutMs > 0 ? timeoutMs : undefined,
    connectionAttempts: Number(one('connectionattempts') ?? 1),
    addressFamily: family(one('addressfamily')),
    bindAddress: one('bindaddress'),
    bindInterface: one('bindinterface'),
    serverAliveIntervalMs: milliseconds(one('serveraliveinterval')),
    serverAliveCountMax: Number(one('serveralivecountmax') ?? 3),
    rekeyAfter: rekeyLimit(one('rekeylimit')),
  };
}

function milliseconds(seconds: string | undefined): number {
  return seconds === undefined ? 0 : Number(seconds) * 1000;
}

function family(value: string | undefined): NetworkOptions['addressFamily'] {
  return value === 'inet' || value === 'inet6' ? value : 'any';
}

/** `BYTES SECONDS`. */
function rekeyLimit(value = '0 0'): RekeyAfter {
  const [bytes, seconds] = value.split(' ');
  return { bytes: Number(bytes), ms: milliseconds(seconds) };
}
