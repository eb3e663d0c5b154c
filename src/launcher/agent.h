/* What the parts of the way to the agent share. */
#ifndef SSHPOOL_AGENT_H
#define SSHPOOL_AGENT_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

/* paths.c: the files of the agent; all of them are directly in the directory. */

struct paths {
	char directory[PATH_MAX];
	char socket[PATH_MAX + 16];
	char lock[PATH_MAX + 16];
	char log[PATH_MAX + 16];
};

extern struct paths paths;

/* Fills `paths` for this environment and user; false where paths.ts has something to say. */
bool find_paths(void);

enum place { ABSENT, OURS, UNSAFE };

/* Whether the directory is ours, only we can enter it, and no other user can put another one in its
   place. */
enum place check_directory(void);
bool make_directory(void);

/* Whether the process that listens at the other end of a unix socket is of our user, who alone may
   see what we say: root's agent is not for a user, nor a user's for root. */
bool peer_is_own_user(int descriptor);

/* lock.c */

/* TAKEN: another process had it, and has let go of it meanwhile. */
enum lock { LOCKED, TAKEN, HELD_TOO_LONG, IMPOSSIBLE };

/* Waits for the holder until the deadline (now_ms). */
enum lock take_lock(int64_t deadline);
void release_lock(void);

/* agent-process.c */

/* In the process that is to be the agent: its environment, limits, priority, signals and umask are
   made here, so that nothing of the call that starts it lives on. */
void make_process(void);

#endif
