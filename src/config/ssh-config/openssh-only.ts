/** Options of ssh_config(5) that only OpenSSH can honour: if one is set, it has to make the connection. */

type Values = ReadonlyMap<string, readonly string[]>;

const isYes = (value: string): boolean => value === 'yes' || value === 'true';
const isOn = (value: string): boolean => !['no', 'false', 'none', ''].includes(value);

const RULES: readonly (readonly [option: string, demands: (value: string) => boolean])[] = [
  // Passes a file descriptor over a socket, which Node cannot receive.
  ['ProxyUseFdpass', isYes],
  // Keys and credentials outside of files and key agents.
  ['PKCS11Provider', isOn],
  ['HostbasedAuthentication', isYes],
  ['GSSAPIKeyExchange', isYes],
  ['GSSAPIDelegateCredentials', isYes],
  // PROTOCOL.certkeys: publickey-hostbound-v00@openssh.com.
  ['PubkeyAuthentication', (value) => value === 'host-bound'],
  // Adds the private key to the agent, with its lifetime and its restrictions.
  ['AddKeysToAgent', isOn],
  ['VisualHostKey', isYes],
  // Sources of trust that sshpool does not read: DNS, lists of revoked keys, addresses beside names.
  ['VerifyHostKeyDNS', isOn],
  ['RevokedHostKeys', isOn],
  ['CheckHostIP', isYes],
  ['KnownHostsCommand', isOn],
  ['NoHostAuthenticationForLocalhost', isYes],
];

/** Each as `Option value`; without file names. */
export function opensshOnly(printed: Values): string[] {
  const first = (option: string): string => printed.get(option.toLowerCase())?.[0] ?? '';
  const found = RULES.filter(([option, demands]) => demands(first(option))).map(([option]) => {
    const value = first(option);
    return value.includes('/') ? option : `${option} ${isYes(value) ? 'yes' : value}`;
  });
  const runsLocally = isYes(first('PermitLocalCommand')) && isOn(first('LocalCommand'));
  return runsLocally ? [...found, 'LocalCommand'] : found;
}
