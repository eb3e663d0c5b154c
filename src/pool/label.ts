/** The target of a connection, as messages and statistics name it. */
export interface Label {
  /** HOST as the user typed it. */
  readonly target: string;
  /** The alias or host name in HOST. */
  readonly name: string;
  readonly user: string;
  readonly hostname: string;
  readonly port: number;
  /** Jump host, proxy command and HostKeyAlias (config/ssh-options, wayOf); undefined if there are none. */
  readonly way?: string | undefined;
}
