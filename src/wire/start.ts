/** What the agent and whoever starts it, launcher or client, agree on. */

/**
 * The variable in which a starter hands NODE_EXTRA_CA_CERTS to the agent. Node reads the
 * certificates before it does anything else, which takes longer than all the rest of the start, and
 * the agent has no use for them; but a ProxyCommand may, so the agent gives the variable its name
 * back.
 */
export const CA_CERTS_ASIDE = 'SSHPOOL_CA_CERTS';
