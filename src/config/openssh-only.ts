/**
 * Options of ssh_config(5) that only OpenSSH itself can honour: where one is in force, the
 * connection has to be made by it. Pure, over what `ssh -G` printed.
 */

type Values = ReadonlyMap<string, readonly string[]>;

const isYes = (value: string): boolean => value === 'yes' || value === 'true';
const isOn = (value: string): boolean => !['no', 'false', 'none', ''].includes(value);

/** The option as ssh_config(5) spells it, and whether a value of it asks for more than we can do. */
const RULES: readonly (readonly [option: string, demands: (value: string) => boolean])[] = [
  // A file descriptor is passed over a socket, which Node cannot take.
  ['ProxyUseFdpass', isYes],
  // Keys and credentials that are held elsewhere than in a file or a key agent.
  ['PKCS11Provider', isOn],
  ['HostbasedAuthentication', isYes],
  ['GSSAPIKeyExchange', isYes],
  ['GSSAPIDelegateCredentials', isYes],
  // PROTOCOL.certkeys: publickey-hostbound-v00@openssh.com.
  ['PubkeyAuthentication', (value) => value === 'host-bound'],
  // The private half of a key is handed on, with its lifetime and its restrictions.
  ['AddKeysToAgent', isOn],
  // Its picture is not ours to draw.
  ['VisualHostKey', isYes],
  // Sources of trust that we do not read: DNS, lists of revoked keys, addresses beside names.
  ['VerifyHostKeyDNS', isOn],
  ['RevokedHostKeys', isOn],
  ['CheckHostIP', isYes],
  ['KnownHostsCommand', isOn],
  ['NoHostAuthenticationForLocalhost', isYes],
];

/** What is in force of them, as `Option value`; a file is not named. */
export function opensshOnly(printed: Values): string[] {
  const first = (option: string): string => printed.get(option.toLowerCase())?.[0] ?? '';
  const found = RULES.filter(([option, demands]) => demands(first(option))).map(([option]) => {
    const value = first(option);
    return value.includes('/') ? option : `${option} ${isYes(value) ? 'yes' : value}`;
  });
  const runsLocally = isYes(first('PermitLocalCommand')) && isOn(first('LocalCommand'));
  return runsLocally ? [...found, 'LocalCommand'] : found;
}
