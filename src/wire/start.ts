/** Environment variables that sshpool's programs pass to each other. */

/** The launcher gave the agent up: error code, milliseconds waited, message. The client waits no more. */
export const AGENT_GIVEN_UP = 'SSHPOOL_AGENT_GIVEN_UP';

/** How often in a row the call went to the ssh of PATH, which may be a script that runs sshpool again. */
export const SSH_DEPTH = 'SSHPOOL_SSH_DEPTH';
export const MAX_SSH_DEPTH = 8;

/** Set by bin/sshpool where it is a script (bin/sshpool.sh): its own `$0`, and the directory of the file. */
export const CALLED_AS = 'SSHPOOL_CALLED_AS';
export const PACKAGE_BIN = 'SSHPOOL_PACKAGE_BIN';
