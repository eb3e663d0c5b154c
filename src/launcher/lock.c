/*
 * The lock under which an agent is started, as in src/client/call/lock.ts: a unix socket on which its holder
 * listens. The kernel closes it with its holder, so no process id has to be checked. A waiting process
 * connects to it: the connection ends when the holder releases the lock or dies.
 */
#define _GNU_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "agent.h"
#include "launcher.h"

/* More waiting processes than expected for one start; the system may allow fewer. */
enum { WAITERS = 4096, FULL_RETRY_MS = 20 };

/* With room for the suffix of a temporary name. */
static char temporary[sizeof paths.lock + 32];
static char aside[sizeof paths.lock + 32];
static int held = -1;
static struct stat own;

static int open_socket(const char *path, struct sockaddr_un *address) {
	*address = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (strlen(path) >= sizeof address->sun_path) return -1;
	memcpy(address->sun_path, path, strlen(path) + 1);
	int descriptor = socket(AF_UNIX, SOCK_STREAM, 0);
	if (descriptor >= 0) fcntl(descriptor, F_SETFD, FD_CLOEXEC);
	return descriptor;
}

enum look { FREE, DEAD, HELD, UNCLEAR };

/* Whether a process listens at `path`: then `holder` is the connection to it, or -1 if its backlog
   is full. Non-blocking, because connect(2) would wait for room in the backlog. */
static enum look look_at(const char *path, int *holder) {
	struct sockaddr_un address;
	*holder = open_socket(path, &address);
	if (*holder < 0) return UNCLEAR;
	fcntl(*holder, F_SETFL, O_NONBLOCK);
	if (connect(*holder, (struct sockaddr *)&address, sizeof address) == 0) return HELD;
	int problem = errno;
	close(*holder);
	*holder = -1;
	switch (problem) {
	/* The lock was released before or during this connect. */
	case ENOENT:
	case ECONNRESET: return FREE;
	case EAGAIN: return HELD;
	/* The holder died; or the file is not a socket, such as the lock of an older sshpool. */
	case ECONNREFUSED:
	case ENOTSOCK:
	case EPROTOTYPE:
	case EACCES:
	case ELOOP: return DEAD;
	default: return UNCLEAR;
	}
}

static bool is_same(const struct stat *one, const struct stat *other) {
	return one->st_ino == other->st_ino && one->st_dev == other->st_dev &&
		one->st_mtime == other->st_mtime;
}

/* Moves a dead lock away. If another process has meanwhile put its own lock there, that lock stays
   or is moved back at once. If a third process took the lock in between, two agents start, and the
   second finds the socket of the first and exits. True if `aside` must be removed. */
static bool put_aside(const struct stat *seen) {
	struct stat now;
	if (lstat(paths.lock, &now) != 0 || !is_same(seen, &now)) return false;
	snprintf(aside, sizeof aside, "%s.%lds", paths.lock, (long)getpid());
	if (rename(paths.lock, aside) != 0) return false;
	bool stolen = lstat(aside, &now) == 0 && !is_same(seen, &now);
	return !stolen || link(aside, paths.lock) == 0 || errno == EEXIST;
}

/* Listens under a temporary name and publishes it in one step; TAKEN if another process was first. */
static enum lock publish(void) {
	struct sockaddr_un address;
	snprintf(temporary, sizeof temporary, "%s.%ld", paths.lock, (long)getpid());
	unlink(temporary);
	held = open_socket(temporary, &address);
	if (held < 0) return IMPOSSIBLE;
	bool listens = bind(held, (struct sockaddr *)&address, sizeof address) == 0 &&
		listen(held, WAITERS) == 0 && lstat(temporary, &own) == 0;
	enum lock result = IMPOSSIBLE;
	if (listens && link(temporary, paths.lock) == 0) result = LOCKED;
	else if (listens && errno == EEXIST) result = TAKEN;
	unlink(temporary);
	if (result != LOCKED) close(held);
	return result;
}

static enum lock wait_for(int holder, int64_t deadline) {
	struct pollfd wait = {.fd = holder, .events = POLLIN};
	int64_t left;
	while (wait.revents == 0 && (left = deadline - now_ms()) > 0) {
		/* Without a connection the lock has to be polled. */
		if (holder < 0 && left > FULL_RETRY_MS) left = FULL_RETRY_MS;
		if (poll(&wait, 1, (int)left) == 0 && holder < 0) break;
	}
	if (holder >= 0) close(holder);
	return now_ms() < deadline ? TAKEN : HELD_TOO_LONG;
}

enum lock take_lock(int64_t deadline) {
	int holder;
	struct stat seen = {.st_ino = 0};
	lstat(paths.lock, &seen);
	enum look look = look_at(paths.lock, &holder);
	if (look == UNCLEAR) return IMPOSSIBLE;
	if (look == HELD) return wait_for(holder, deadline);
	/* A dangling link blocks the path, too. */
	bool dead = look == DEAD || S_ISLNK(seen.st_mode);
	bool moved = dead && put_aside(&seen);
	enum lock result = publish();
	/* Removed only now: its inode number could be reused for a new lock, which other processes
	   would take for this one. */
	if (moved) remove(aside);
	return result;
}

void release_lock(void) {
	struct stat now;
	bool ours = lstat(paths.lock, &now) == 0 && now.st_ino == own.st_ino && now.st_dev == own.st_dev;
	/* Removes the name first: waiting processes check it as soon as the socket closes. */
	if (ours) unlink(paths.lock);
	close(held);
}
