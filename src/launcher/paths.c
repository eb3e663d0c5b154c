/*
 * Where the agent's socket, lock and log are, and whether that place is ours alone: what
 * src/config/paths.ts says, which explains what is wrong where this only refuses.
 */
#define _GNU_SOURCE

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent.h"

/* With room for the temporary name under which the agent listens first. */
enum { SOCKET_PATH_MAX = 103 - 16 };

struct paths paths;

static bool is_absolute(const char *path) {
	return path != NULL && path[0] == '/';
}

static bool is_own_directory(const char *path) {
	struct stat stat;
	return lstat(path, &stat) == 0 && S_ISDIR(stat.st_mode) && stat.st_uid == getuid();
}

/* Whether a path has no part that is empty, . or ..: paths.ts takes those out by the text
   alone, where the system would follow links. */
static bool is_simple(const char *path) {
	for (const char *slash = path; slash != NULL; slash = strchr(slash + 1, '/')) {
		size_t length = strcspn(slash + 1, "/");
		bool dots = length <= 2 && strspn(slash + 1, ".") == length;
		if (dots) return false;
	}
	return true;
}

/* Puts `name` below a directory, which may be named with slashes at its end. */
static int join(const char *parent, const char *name) {
	size_t length = strlen(parent);
	while (length > 1 && parent[length - 1] == '/') length--;
	return snprintf(paths.directory, sizeof paths.directory, "%.*s%s", (int)length, parent, name);
}

/* runtimeDir of paths.ts; -1 where that has something to say about it. */
static int find_directory(void) {
	const char *chosen = getenv("SSH_POOL_RUNTIME_DIR");
	const char *xdg = getenv("XDG_RUNTIME_DIR");
	const char *temporary = "/tmp";
	char name[64];
	snprintf(name, sizeof name, "/run/user/%u", (unsigned)getuid());
	if (chosen != NULL && chosen[0] != '\0') return is_absolute(chosen) ? join(chosen, "") : -1;
	if (is_absolute(xdg)) return join(xdg, "/sshpool");
	if (is_own_directory(name)) return join(name, "/sshpool");
#ifdef __APPLE__
	if (is_absolute(getenv("TMPDIR"))) temporary = getenv("TMPDIR");
#endif
	snprintf(name, sizeof name, "/sshpool-%u", (unsigned)getuid());
	return join(temporary, name);
}

bool find_paths(void) {
	int length = find_directory();
	if (length < 0 || (size_t)length >= sizeof paths.directory) return false;
	if (!is_simple(paths.directory)) return false;
	snprintf(paths.socket, sizeof paths.socket, "%s/agent.sock", paths.directory);
	snprintf(paths.lock, sizeof paths.lock, "%s/agent.lock", paths.directory);
	snprintf(paths.log, sizeof paths.log, "%s/agent.log", paths.directory);
	return strlen(paths.socket) <= SOCKET_PATH_MAX;
}

enum place check_directory(void) {
	struct stat stat;
	if (lstat(paths.directory, &stat) != 0) return errno == ENOENT ? ABSENT : UNSAFE;
	bool ours = S_ISDIR(stat.st_mode) && stat.st_uid == getuid() && (stat.st_mode & 077) == 0;
	return ours ? OURS : UNSAFE;
}

bool make_directory(void) {
	char *path = paths.directory;
	for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		int made = mkdir(path, 0700);
		*slash = '/';
		if (made != 0 && errno != EEXIST) return false;
	}
	return mkdir(path, 0700) == 0 || errno == EEXIST;
}
