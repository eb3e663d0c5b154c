/** Who a connection goes to, in the words of messages and statistics. */
export interface Label {
  /** HOST as it was typed. */
  readonly target: string;
  /** The alias or name in it. */
  readonly name: string;
  readonly user: string;
  readonly hostname: string;
  readonly port: number;
  /** What leads there beside the address (config/ssh-options, wayOf); undefined for nothing. */
  readonly way?: string | undefined;
}
