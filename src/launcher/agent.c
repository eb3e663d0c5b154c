/*
 * The way to the agent, as src/client/connect.ts has it: a connection to the one that runs, or to
 * one that is started for it. Whatever is not as it should be is left to the Node client, which
 * looks at the same things once more and says what is wrong.
 */
#define _GNU_SOURCE

#include "launcher.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/syscall.h>
#endif

#include "wire.h"

enum { START_MS = 15000, RETRY_MS = 20, LOG_BYTES = 1024 * 1024, READY_FD = 3 };

/* src/config/paths.ts: with room for the temporary name under which the agent listens first. */
enum { SOCKET_PATH_MAX = 103 - 16 };

static char directory[PATH_MAX];
static char socket_path[PATH_MAX + 16];
static char lock_path[PATH_MAX + 16];
static char log_path[PATH_MAX + 16];

const char *agent_log(void) {
	return log_path;
}

static bool is_absolute(const char *path) {
	return path != NULL && path[0] == '/';
}

static bool is_own_directory(const char *path) {
	struct stat stat;
	return lstat(path, &stat) == 0 && S_ISDIR(stat.st_mode) && stat.st_uid == getuid();
}

/* Whether a path has no part that is empty, . or ..: src/config/paths.ts takes those out by the
   text alone, where the system would follow links. */
static bool is_simple(const char *path) {
	for (const char *slash = path; slash != NULL; slash = strchr(slash + 1, '/')) {
		size_t length = strcspn(slash + 1, "/");
		bool dots = length <= 2 && strspn(slash + 1, ".") == length;
		if (dots) return false;
	}
	return true;
}

/* runtimeDir of src/config/paths.ts; false where that has something to say about it. */
static bool find_directory(void) {
	const char *chosen = getenv("SSH_POOL_RUNTIME_DIR");
	const char *xdg = getenv("XDG_RUNTIME_DIR");
	char run[64];
	int length;
	snprintf(run, sizeof run, "/run/user/%u", (unsigned)getuid());
	if (chosen != NULL && chosen[0] != '\0') {
		if (!is_absolute(chosen)) return false;
		length = snprintf(directory, sizeof directory, "%s", chosen);
	} else if (is_absolute(xdg)) {
		length = snprintf(directory, sizeof directory, "%s/sshpool", xdg);
	} else if (is_own_directory(run)) {
		length = snprintf(directory, sizeof directory, "%s/sshpool", run);
	} else {
		const char *temporary = "/tmp";
#ifdef __APPLE__
		if (is_absolute(getenv("TMPDIR"))) temporary = getenv("TMPDIR");
#endif
		length = snprintf(directory, sizeof directory, "%s/sshpool-%u", temporary,
			(unsigned)getuid());
	}
	if (length < 0 || (size_t)length >= sizeof directory) return false;
	if (!is_simple(directory)) return false;
	snprintf(socket_path, sizeof socket_path, "%s/agent.sock", directory);
	snprintf(lock_path, sizeof lock_path, "%s/agent.lock", directory);
	snprintf(log_path, sizeof log_path, "%s/agent.log", directory);
	return strlen(socket_path) <= SOCKET_PATH_MAX;
}

enum place { ABSENT, OURS, UNSAFE };

/* Whether the directory is ours and nobody else can enter it. */
static enum place check_directory(void) {
	struct stat stat;
	if (lstat(directory, &stat) != 0) return errno == ENOENT ? ABSENT : UNSAFE;
	bool ours = S_ISDIR(stat.st_mode) && stat.st_uid == getuid() && (stat.st_mode & 077) == 0;
	return ours ? OURS : UNSAFE;
}

static bool make_directory(void) {
	for (char *slash = strchr(directory + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		int made = mkdir(directory, 0700);
		*slash = '/';
		if (made != 0 && errno != EEXIST) return false;
	}
	return mkdir(directory, 0700) == 0 || errno == EEXIST;
}

enum { NOBODY = -1, TROUBLE = -2 };

/* The connected socket, NOBODY where no agent runs, TROUBLE where it cannot be told. */
static int try_connect(void) {
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	memcpy(address.sun_path, socket_path, strlen(socket_path) + 1);
	int descriptor = socket(AF_UNIX, SOCK_STREAM, 0);
	if (descriptor < 0) return TROUBLE;
	fcntl(descriptor, F_SETFD, FD_CLOEXEC);
	int connected;
	do connected = connect(descriptor, (struct sockaddr *)&address, sizeof address);
	while (connected != 0 && errno == EINTR);
	if (connected == 0) return descriptor;
	int problem = errno;
	close(descriptor);
	return problem == ENOENT || problem == ECONNREFUSED ? NOBODY : TROUBLE;
}

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
	return end != text && *end == '\0' && holder > 0 && holder <= INT_MAX ? (pid_t)holder : NO_PROCESS;
}

/* Moves a dead holder's lock away; true where the place is free now. See src/client/lock.ts. */
static bool take_over(void) {
	char aside[sizeof lock_path + 32];
	pid_t holder = read_holder(lock_path);
	if (holder == NO_FILE) return true;
	if (holder > 0 && (kill(holder, 0) == 0 || errno == EPERM)) return false;
	snprintf(aside, sizeof aside, "%s.%ld.stale", lock_path, (long)getpid());
	if (rename(lock_path, aside) != 0) return true;
	/* Between the look and the move a living process may have come by it: give it back. */
	bool stolen = read_holder(aside) != holder && link(aside, lock_path) == 0;
	unlink(aside);
	return !stolen;
}

enum lock { LOCKED, TAKEN, IMPOSSIBLE };

static enum lock take_lock(void) {
	char mine[sizeof lock_path + 32];
	char text[32];
	snprintf(mine, sizeof mine, "%s.%ld", lock_path, (long)getpid());
	int length = snprintf(text, sizeof text, "%ld", (long)getpid());
	int file = open(mine, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (file < 0) return IMPOSSIBLE;
	bool written = write(file, text, (size_t)length) == length;
	close(file);
	enum lock result = IMPOSSIBLE;
	if (written && link(mine, lock_path) == 0) result = LOCKED;
	else if (written && errno == EEXIST) {
		bool free = take_over();
		result = free && link(mine, lock_path) == 0 ? LOCKED : TAKEN;
	}
	unlink(mine);
	return result;
}

static int open_log(void) {
	struct stat stat;
	char old[sizeof log_path + 8];
	snprintf(old, sizeof old, "%s.1", log_path);
	if (lstat(log_path, &stat) == 0 && stat.st_size > LOG_BYTES) rename(log_path, old);
	return open(log_path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
}

/* Nothing of the caller's may live on in the agent: a lock, the end of a pipe. */
static void close_from(int first) {
#ifdef SYS_close_range
	if (syscall(SYS_close_range, (unsigned)first, ~0U, 0U) == 0) return;
#endif
	long limit = sysconf(_SC_OPEN_MAX);
	if (limit < 0 || limit > 65536) limit = 65536;
	for (int descriptor = first; descriptor < limit; descriptor++) close(descriptor);
}

static _Noreturn void become_agent(int log, int ready) {
	static char *const none[] = {NULL};
	/* Node would read them before it does anything else: see src/wire/start.ts. */
	const char *certificates = getenv("NODE_EXTRA_CA_CERTS");
	if (certificates != NULL) setenv(CA_CERTS_ASIDE, certificates, 1);
	else unsetenv(CA_CERTS_ASIDE);
	unsetenv("NODE_EXTRA_CA_CERTS");
	setsid();
	int null = open("/dev/null", O_RDONLY);
	/* All of them are above 3, or become a copy of themselves. */
	bool placed = null >= 0 && chdir("/") == 0 && dup2(null, 0) == 0 && dup2(log, 1) == 1 &&
		dup2(log, 2) == 2 && (ready == READY_FD ? fcntl(ready, F_SETFD, 0) == 0
							: dup2(ready, READY_FD) == READY_FD);
	if (placed) {
		close_from(READY_FD + 1);
		become_node("../dist/agent/main.cjs", none);
	}
	_exit(127);
}

static int64_t now_ms(void) {
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Waits for the one line that the agent says once it serves; false where it is anything else. */
static bool is_ready(int ready) {
	static const char good[] = "{\"ok\":true";
	char line[sizeof good] = "";
	size_t length = 0;
	int64_t deadline = now_ms() + START_MS;
	while (length < sizeof good - 1) {
		struct pollfd wait = {.fd = ready, .events = POLLIN};
		int64_t left = deadline - now_ms();
		if (left <= 0 || (poll(&wait, 1, (int)left) < 0 && errno != EINTR)) return false;
		if (wait.revents == 0) continue;
		ssize_t got = read(ready, line + length, sizeof good - 1 - length);
		if (got <= 0) return false;
		length += (size_t)got;
	}
	return memcmp(line, good, sizeof good - 1) == 0;
}

static bool start_agent(void) {
	int ready[2];
	int log = open_log();
	if (log < 0) return false;
	if (pipe(ready) != 0) {
		close(log);
		return false;
	}
	fcntl(ready[0], F_SETFD, FD_CLOEXEC);
	fcntl(ready[1], F_SETFD, FD_CLOEXEC);
	pid_t agent = fork();
	if (agent == 0) become_agent(log, ready[1]);
	close(log);
	close(ready[1]);
	bool started = agent > 0 && is_ready(ready[0]);
	close(ready[0]);
	return started;
}

/* Starts the agent if nobody else is about to; else waits a moment for them. */
static bool start_once(void) {
	enum lock lock = take_lock();
	if (lock == IMPOSSIBLE) return false;
	if (lock == TAKEN) {
		poll(NULL, 0, RETRY_MS);
		return true;
	}
	/* Whoever held the lock before us may just have finished. */
	int other = try_connect();
	bool started = other >= 0 || (other == NOBODY && start_agent());
	if (other >= 0) close(other);
	unlink(lock_path);
	return started;
}

int connect_agent(void) {
	if (!find_directory()) return -1;
	int64_t deadline = 0;
	for (;;) {
		enum place place = check_directory();
		if (place == UNSAFE) return -1;
		int agent = place == OURS ? try_connect() : NOBODY;
		if (agent >= 0) return agent;
		if (agent == TROUBLE) return -1;
		if (deadline == 0) deadline = now_ms() + START_MS;
		else if (now_ms() > deadline) return -1;
		if (place == ABSENT && (!make_directory() || check_directory() != OURS)) return -1;
		if (!start_once()) return -1;
	}
}
