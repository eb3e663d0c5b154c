/** Variables of the environment that our programs leave for one another. */

/**
 * In which the launcher says why it gave the agent up: the code of an error, for how many milliseconds
 * it had waited, and the message, with blanks between. The Node client, which it becomes, would only wait for as long again.
 */
export const AGENT_GIVEN_UP = 'SSHPOOL_AGENT_GIVEN_UP';

/**
 * In which the launcher names the descriptor of the connection on which it began the call that the Node
 * client, which it becomes, is to go on with.
 */
export const BEGUN_CALL = 'SSHPOOL_BEGUN_CALL';

/**
 * How many times in a row a call was handed to the ssh of PATH. One that somebody wrote to run
 * sshpool would hand it back, over and over.
 */
export const SSH_DEPTH = 'SSHPOOL_SSH_DEPTH';
export const MAX_SSH_DEPTH = 8;
