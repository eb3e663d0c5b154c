/* Shared by the files that connect to the agent. */
#ifndef SSHPOOL_AGENT_H
#define SSHPOOL_AGENT_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

/* paths.c: the files of the agent, all directly in its directory. */

struct paths {
	char directory[PATH_MAX];
	char socket[PATH_MAX + 16];
	char lock[PATH_MAX + 16];
	char log[PATH_MAX + 16];
};

extern struct paths paths;

/* Fills `paths` for this environment and user; false where paths.ts must report an error. */
bool find_paths(void);

enum place { ABSENT, OURS, UNSAFE };

/* Whether the directory belongs to this user, only this user can enter it, and no other user can
   replace it. */
enum place check_directory(void);
bool make_directory(void);

/* Whether the process at the other end of a unix socket runs as this user, who alone may see the
   data: a user must not use root's agent, nor root a user's. */
bool peer_is_own_user(int descriptor);

/* lock.c */

/* TAKEN: another process held the lock and has released it meanwhile. */
enum lock { LOCKED, TAKEN, HELD_TOO_LONG, IMPOSSIBLE };

/* Waits for the holder until the deadline (now_ms). */
enum lock take_lock(int64_t deadline);
void release_lock(void);

/* agent-process.c */

/* Sets environment, limits, priority, signals and umask in the process that becomes the agent, so
   that it inherits nothing from the call that starts it. */
void make_process(void);

#endif
