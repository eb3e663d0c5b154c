/*
 * The paths of the agent's socket, lock and log, and whether their directory is private to the user. As
 * src/config/settings/paths.ts, which reports the errors where this code only refuses.
 */
#define _GNU_SOURCE

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent.h"

/* Leaves room for the temporary name under which the agent listens first. */
enum { SOCKET_PATH_MAX = 103 - 16, MAX_LINKS = 32 };

struct paths paths;

static bool is_absolute(const char *path) {
	return path != NULL && path[0] == '/';
}

/* Whether no part of a path is empty, . or ..: paths.ts removes those textually, while the system
   would follow links. */
static bool is_simple(const char *path) {
	for (const char *slash = path; slash != NULL; slash = strchr(slash + 1, '/')) {
		size_t length = strcspn(slash + 1, "/");
		bool dots = length <= 2 && strspn(slash + 1, ".") == length;
		if (dots) return false;
	}
	return true;
}

/* Replaces the link that `path` names up to `end` by its target. A .. later in the target would
   have to be resolved link by link: refused. */
static bool follow(char path[PATH_MAX], char *end) {
	char target[PATH_MAX];
	char rest[PATH_MAX];
	snprintf(rest, sizeof rest, "%s", end);
	*end = '\0';
	ssize_t length = readlink(path, target, sizeof target - 1);
	if (length <= 0) return false;
	target[length] = '\0';
	/* The part before the last slash is not a link: .. is its parent. */
	*strrchr(path, '/') = '\0';
	const char *from = target;
	if (*from == '/') *path = '\0';
	while (strncmp(from, "../", 3) == 0) {
		char *parent = strrchr(path, '/');
		if (parent != NULL) *parent = '\0';
		from += 3;
		from += strspn(from, "/");
	}
	char made[PATH_MAX];
	const char *slash = *from == '/' ? "" : "/";
	int total = snprintf(made, sizeof made, "%s%s%s%s", path, slash, from, rest);
	if (total < 0 || total >= PATH_MAX || !is_simple(made)) return false;
	memcpy(path, made, (size_t)total + 1);
	return true;
}

/* Whether no user but root and this one can replace `file`, checked as sshd checks a user's files
   (safe_path of misc.c): each directory above it belongs to root or this user, and others cannot
   write to it unless it is sticky. Links are followed; missing parts are no danger. */
static bool is_safe_place(const char *file) {
	int links = 0;
	char path[PATH_MAX];
	snprintf(path, sizeof path, "%s", file);
	*strrchr(path, '/') = '\0';
	char *end = path;
	for (;;) {
		struct stat stat;
		char after = *end;
		*end = '\0';
		bool there = lstat(end == path ? "/" : path, &stat) == 0;
		*end = after;
		if (!there) return errno == ENOENT;
		if (stat.st_uid != 0 && stat.st_uid != getuid()) return false;
		if (S_ISLNK(stat.st_mode)) {
			if (++links > MAX_LINKS || !follow(path, end)) return false;
			end = path;
			continue;
		}
		bool writable = (stat.st_mode & 022) != 0 && (stat.st_mode & S_ISVTX) == 0;
		if (writable || !S_ISDIR(stat.st_mode)) return false;
		if (after == '\0') return true;
		end = end + 1 + strcspn(end + 1, "/");
	}
}

/* Appends `name` to a directory, which may end with slashes; -1 if paths.ts must handle the name. */
static int join(const char *parent, const char *name) {
	size_t length = strlen(parent);
	while (length > 1 && parent[length - 1] == '/') length--;
	snprintf(paths.directory, sizeof paths.directory, "%.*s", (int)length, parent);
	if (length >= sizeof paths.directory || !is_simple(paths.directory)) return -1;
	return snprintf(paths.directory, sizeof paths.directory, "%.*s%s", (int)length, parent, name);
}

/* Whether it can hold the agent's directory, as isUsable of paths.ts. */
static bool is_usable(const char *parent) {
	struct stat stat;
	return strlen(parent) + strlen("/sshpool/agent.sock") <= SOCKET_PATH_MAX &&
		is_safe_place(parent) && lstat(parent, &stat) == 0 && S_ISDIR(stat.st_mode) && stat.st_uid == getuid() &&
		(stat.st_mode & 022) == 0 && access(parent, W_OK | X_OK) == 0;
}

/* As runtimeDir of paths.ts; -1 where that must report an error. */
static int find_directory(void) {
	const char *chosen = getenv("SSH_POOL_RUNTIME_DIR");
	const char *xdg = getenv("XDG_RUNTIME_DIR");
	char name[64];
	if (chosen != NULL && chosen[0] != '\0') return is_absolute(chosen) ? join(chosen, "") : -1;
	if (is_absolute(xdg)) {
		if (join(xdg, "") < 0) return -1;
		if (is_usable(paths.directory)) return join(xdg, "/sshpool");
	}
	snprintf(name, sizeof name, "/run/user/%u", (unsigned)getuid());
	if (is_usable(name)) return join(name, "/sshpool");
	snprintf(name, sizeof name, "/sshpool-%u", (unsigned)getuid());
#ifdef __APPLE__
	const char *temporary = getenv("TMPDIR");
	if (is_absolute(temporary) &&
		strlen(temporary) + strlen(name) + strlen("/agent.sock") <= SOCKET_PATH_MAX)
		return join(temporary, name);
#endif
	return join("/tmp", name);
}

bool find_paths(void) {
	int length = find_directory();
	if (length < 0 || (size_t)length >= sizeof paths.directory) return false;
	snprintf(paths.socket, sizeof paths.socket, "%s/agent.sock", paths.directory);
	snprintf(paths.lock, sizeof paths.lock, "%s/agent.lock", paths.directory);
	snprintf(paths.log, sizeof paths.log, "%s/agent.log", paths.directory);
	return strlen(paths.socket) <= SOCKET_PATH_MAX;
}

enum place check_directory(void) {
	struct stat stat;
	if (!is_safe_place(paths.directory)) return UNSAFE;
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

bool peer_is_own_user(int descriptor) {
#ifdef SO_PEERCRED
	struct ucred peer;
	socklen_t length = sizeof peer;
	return getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0 &&
		peer.uid == getuid();
#else
	uid_t user;
	gid_t group;
	return getpeereid(descriptor, &user, &group) == 0 && user == getuid();
#endif
}
