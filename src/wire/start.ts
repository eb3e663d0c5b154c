/** Environment variables that sshpool's programs pass to each other. */

/**
 * Set by the launcher when it gave the agent up: the code of an error, the milliseconds it had waited,
 * and the message, separated by spaces. The Node client, which it becomes, would otherwise wait as long
 * again.
 */
export const AGENT_GIVEN_UP = 'SSHPOOL_AGENT_GIVEN_UP';

/**
 * Set by the launcher: the descriptor of the connection on which it began the call that the Node
 * client, which it becomes, is to continue.
 */
export const BEGUN_CALL = 'SSHPOOL_BEGUN_CALL';

/**
 * How many times in a row a call was passed to the ssh of PATH. A user's own `ssh` script that runs
 * sshpool would pass it back, over and over.
 */
export const SSH_DEPTH = 'SSHPOOL_SSH_DEPTH';
export const MAX_SSH_DEPTH = 8;
