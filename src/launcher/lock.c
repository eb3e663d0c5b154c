/* The lock under which an agent is started, as src/client/lock.ts has it. */
#define _GNU_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "agent.h"

enum { NO_FILE = -1, NO_PROCESS = 0 };

/* The process id in a lock file. */
static pid_t read_holder(const char *path) {
	char text[32] = "";
	int file = open(path, O_RDONLY | O_CLOEXEC);
	if (file < 0) return NO_FILE;
	ssize_t length = read(file, text, sizeof text - 1);
	close(file);
	if (length <= 0) return NO_PROCESS;
	char *end;
	long holder = strtol(text, &end, 10);
	bool valid = end != text && *end == '\0' && holder > 0 && holder <= INT_MAX;
	return valid ? (pid_t)holder : NO_PROCESS;
}

/* Moves a dead holder's lock away; true where the place is free now. */
static bool take_over(void) {
	char aside[sizeof paths.lock + 32];
	pid_t holder = read_holder(paths.lock);
	if (holder == NO_FILE) return true;
	if (holder > 0 && (kill(holder, 0) == 0 || errno == EPERM)) return false;
	snprintf(aside, sizeof aside, "%s.%ld.stale", paths.lock, (long)getpid());
	if (rename(paths.lock, aside) != 0) return true;
	/* Between the look and the move a living process may have come by it: give it back. */
	bool stolen = read_holder(aside) != holder && link(aside, paths.lock) == 0;
	unlink(aside);
	return !stolen;
}

enum lock take_lock(void) {
	char mine[sizeof paths.lock + 32];
	char text[32];
	snprintf(mine, sizeof mine, "%s.%ld", paths.lock, (long)getpid());
	int length = snprintf(text, sizeof text, "%ld", (long)getpid());
	int file = open(mine, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (file < 0) return IMPOSSIBLE;
	bool written = write(file, text, (size_t)length) == length;
	close(file);
	enum lock result = IMPOSSIBLE;
	if (written && link(mine, paths.lock) == 0) result = LOCKED;
	else if (written && errno == EEXIST) {
		bool free = take_over();
		result = free && link(mine, paths.lock) == 0 ? LOCKED : TAKEN;
	}
	unlink(mine);
	return result;
}

void release_lock(void) {
	unlink(paths.lock);
}
