/* What the parts of the way to the agent share. */
#ifndef SSHPOOL_AGENT_H
#define SSHPOOL_AGENT_H

#include <limits.h>
#include <stdbool.h>

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

/* Whether the directory is ours and nobody else can enter it. */
enum place check_directory(void);
bool make_directory(void);

/* lock.c */

enum lock { LOCKED, TAKEN, IMPOSSIBLE };

enum lock take_lock(void);
void release_lock(void);

#endif
