/** Variables of the environment that our programs leave for one another. */

/**
 * The variable in which a starter hands NODE_EXTRA_CA_CERTS to the agent. Node reads the
 * certificates before it does anything else, which takes longer than all the rest of the start, and
 * the agent has no use for them; but a ProxyCommand may, so the agent gives the variable its name
 * back.
 */
export const CA_CERTS_ASIDE = 'SSHPOOL_CA_CERTS';

/**
 * How many times in a row a call was handed to the ssh of PATH. One that somebody wrote to run
 * sshpool would hand it back, over and over.
 */
export const SSH_DEPTH = 'SSHPOOL_SSH_DEPTH';
export const MAX_SSH_DEPTH = 8;
