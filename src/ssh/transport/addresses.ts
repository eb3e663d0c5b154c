/** Addresses of a TCP connection: AddressFamily, BindAddress, BindInterface (ssh_config(5), sshconnect.c). */
import type { LookupAddress } from 'node:dns';
import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import { describe, SshpoolError } from '../../base/errors.ts';
import type { SshOptions } from '../../config/ssh-config/options.ts';

export type Family = SshOptions['addressFamily'];

/** In the order in which they are to be tried. */
export type Lookup = (name: string, family: Family) => Promise<LookupAddress[]>;

/** getaddrinfo(3)'s words, which ssh prints, for the codes that Node gives. */
const RESOLVER_WORDS: Readonly<Record<string, string>> = {
  ENOTFOUND: 'Name or service not known',
  EAI_AGAIN: 'Temporary failure in name resolution',
  EAI_ADDRFAMILY: 'Address family for hostname not supported',
};

export function resolverWords(thrown: unknown): string {
  return RESOLVER_WORDS[(thrown as NodeJS.ErrnoException).code ?? ''] ?? describe(thrown);
}

const NUMBERS = { any: 0, inet: 4, inet6: 6 } as const;

/** At least one address, or an error with the code that Node gives. */
export const resolveAddresses: Lookup = async (name, family) => {
  const literal = isIP(name);
  const number = NUMBERS[family];
  if (literal !== 0) {
    if (number === 0 || number === literal) return [{ address: name, family: literal }];
    throw Object.assign(new Error(name), { code: 'EAI_ADDRFAMILY' });
  }
  const { lookup } = await import('node:dns/promises');
  const found = await lookup(name, { all: true, family: number, order: 'verbatim' });
  if (found.length === 0) throw Object.assign(new Error(name), { code: 'ENOTFOUND' });
  return found;
};

/** As one text, sorted, since name servers rotate them; empty if there are none: the connect reports why. */
export async function addressesOf(
  { hostname, addressFamily }: SshOptions,
  lookup: Lookup = resolveAddresses,
): Promise<string> {
  const found = await lookup(hostname, addressFamily).catch(() => []);
  return found
    .map(({ address }) => address)
    .toSorted()
    .join(' ');
}

/** @throws SshpoolError CONNECT_FAILED where there is no such address of this `family` (4 or 6) */
export async function sourceAddress(
  { hostname: host, port, bindAddress, bindInterface }: SshOptions,
  family: number,
  lookup: Lookup,
): Promise<string | undefined> {
  if (bindAddress !== undefined) {
    const [first] = await lookup(bindAddress, family === 6 ? 'inet6' : 'inet').catch(
      (thrown: unknown) => {
        const why = `${bindAddress}: ${resolverWords(thrown)}`;
        throw noSource({ host, port, reason: `BindAddress ${why}` }, `getaddrinfo: ${why}`);
      },
    );
    return first?.address;
  }
  if (bindInterface === undefined) return undefined;
  const address = addressOf(bindInterface, family);
  if (address === undefined) {
    const reason = `BindInterface ${bindInterface} has no address for IPv${family}`;
    throw noSource({ host, port, reason }, `getifaddrs: ${bindInterface}: no suitable addresses`);
  }
  return address;
}

interface NoSource {
  readonly host: string;
  readonly port: number;
  readonly reason: string;
}

/** ssh prints `said`, and no reason for the connect (sshconnect.c). */
export function noSource(facts: NoSource, said: string, cause?: Error): SshpoolError {
  const end = `ssh: connect to host ${facts.host} port ${facts.port}: failure`;
  return SshpoolError.of('CONNECT_FAILED', { ...facts, logged: [said, end] }, cause);
}

/** Takes a loopback or link-local address only if there is no other. */
function addressOf(name: string, family: number): string | undefined {
  const all = (networkInterfaces()[name] ?? []).filter((info) => info.family === `IPv${family}`);
  const isLocal = ({ address, internal }: (typeof all)[number]): boolean =>
    internal || /^fe[89ab]/i.test(address);
  const found = all.find((info) => !isLocal(info)) ?? all[0];
  if (found === undefined) return undefined;
  return /^fe[89ab]/i.test(found.address) ? `${found.address}%${name}` : found.address;
}
