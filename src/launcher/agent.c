/*
 * Connects to the running agent, or starts one, as src/client/call/connect.ts does. On any unexpected
 * condition it leaves the call to the Node client, which repeats the checks and reports the error.
 */
#define _GNU_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
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

#include "agent.h"
#include "launcher.h"

enum { START_MS = 15000, RETIRE_MS = 5000, LOOK_MS = 20, LOG_BYTES = 1024 * 1024, READY_FD = 3 };

const char *agent_log(void) {
	return paths.log;
}

static bool lock_held;

const char *agent_lock_held(void) {
	return lock_held ? paths.lock : NULL;
}

enum { NO_AGENT = -1, TROUBLE = -2 };

void bound_sends(int descriptor, int ms) {
	struct timeval limit = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
	setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
}

/* The connected socket; NO_AGENT if no agent runs, TROUBLE if that is unknown. */
static int try_connect(void) {
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	memcpy(address.sun_path, paths.socket, strlen(paths.socket) + 1);
	int descriptor = socket(AF_UNIX, SOCK_STREAM, 0);
	if (descriptor < 0) return TROUBLE;
	fcntl(descriptor, F_SETFD, FD_CLOEXEC);
	/* Limits how long connect(2) and write(2) wait for a hung agent (unix(7)). */
	bound_sends(descriptor, AGENT_PATIENCE_MS);
	int connected;
	do connected = connect(descriptor, (struct sockaddr *)&address, sizeof address);
	while (connected != 0 && errno == EINTR);
	if (connected == 0 && peer_is_own_user(descriptor)) return descriptor;
	/* An agent of another user would see all data of this call. */
	if (connected == 0) errno = EPERM;
	int problem = errno;
	close(descriptor);
	return problem == ENOENT || problem == ECONNREFUSED ? NO_AGENT : TROUBLE;
}

static int open_log(void) {
	struct stat stat;
	char old[sizeof paths.log + 8];
	snprintf(old, sizeof old, "%s.1", paths.log);
	if (lstat(paths.log, &stat) == 0 && stat.st_size > LOG_BYTES) rename(paths.log, old);
	return open(paths.log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
}

/* The agent must not keep descriptors of the caller open, such as a lock or the end of a pipe. */
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
	make_process();
	setsid();
	int null = open("/dev/null", O_RDONLY);
	/* All of them are above 3, or are copied to themselves. */
	bool placed = null >= 0 && chdir("/") == 0 && dup2(null, 0) == 0 && dup2(log, 1) == 1 &&
		dup2(log, 2) == 2 && (ready == READY_FD ? fcntl(ready, F_SETFD, 0) == 0
							: dup2(ready, READY_FD) == READY_FD);
	if (placed) {
		close_from(READY_FD + 1);
		become_node("../dist/program/agent.cjs", none);
	}
	_exit(127);
}

int64_t now_ms(void) {
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void pause_ms(int ms) {
	poll(NULL, 0, ms);
}

/* Waits for the line that the agent prints once it serves; false for any other output. */
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

/* Starts the agent, or waits for another process that is starting it. */
static bool start_once(int64_t deadline) {
	enum lock lock = take_lock(deadline);
	lock_held = lock == HELD_TOO_LONG;
	if (lock == TAKEN) return true;
	if (lock != LOCKED) return false;
	/* The previous holder of the lock may have started the agent. */
	int other = try_connect();
	bool started = other >= 0 || (other == NO_AGENT && start_agent());
	if (other >= 0) close(other);
	release_lock();
	return started;
}

int connect_agent(void) {
	if (!find_paths()) return -1;
	int64_t deadline = 0;
	for (;;) {
		enum place place = check_directory();
		if (place == UNSAFE) return -1;
		int agent = place == OURS ? try_connect() : NO_AGENT;
		if (agent >= 0) return agent;
		if (agent == TROUBLE) return -1;
		if (deadline == 0) deadline = now_ms() + START_MS;
		else if (now_ms() > deadline) return -1;
		if (place == ABSENT && (!make_directory() || check_directory() != OURS)) return -1;
		if (!start_once(deadline)) return -1;
	}
}

bool agent_retires(void) {
	int64_t deadline = now_ms() + RETIRE_MS;
	while (now_ms() < deadline) {
		int agent = try_connect();
		if (agent == NO_AGENT) return true;
		if (agent >= 0) close(agent);
		pause_ms(LOOK_MS);
	}
	return false;
}
