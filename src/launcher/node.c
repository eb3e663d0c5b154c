/* Node and the programs of the package, found beside the launcher. */
#define _GNU_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __APPLE__
#include <mach-o/dyld.h>
#endif

#include "launcher.h"

/* The node that built the launcher; none where it was built for the package. */
#ifndef NODE_AT_BUILD
#define NODE_AT_BUILD ""
#endif

bool own_file(char *path) {
#ifdef __APPLE__
	char name[PATH_MAX];
	uint32_t size = sizeof name;
	return _NSGetExecutablePath(name, &size) == 0 && realpath(name, path) != NULL;
#else
	ssize_t length = readlink("/proc/self/exe", path, PATH_MAX - 1);
	if (length < 0) return false;
	path[length] = '\0';
	/* Linux adds this after an update has replaced the file; the new file is the launcher as well. */
	static const char deleted[] = " (deleted)";
	size_t name = (size_t)length - (sizeof deleted - 1);
	if ((size_t)length >= sizeof deleted && strcmp(path + name, deleted) == 0) path[name] = '\0';
	return true;
#endif
}

/* Where Node may be if PATH has none, as under cron. */
static const char *const PLACES[] = {"/usr/local/bin/node", "/usr/bin/node", "/opt/homebrew/bin/node"};

static void try_places(const char *bin, char *const words[]) {
	char beside[PATH_MAX + 32];
	if (NODE_AT_BUILD[0] != '\0') execv(NODE_AT_BUILD, words);
	/* npm installs packages beside the Node that runs it: PREFIX/lib/node_modules/sshpool/bin. */
	snprintf(beside, sizeof beside, "%s/../../../../bin/node", bin);
	execv(beside, words);
	for (size_t i = 0; i < sizeof PLACES / sizeof PLACES[0]; i++) execv(PLACES[i], words);
}

void become_node(const char *program, char *const arguments[]) {
	char path[PATH_MAX];
	char script[PATH_MAX];
	if (!package_bin(path)) return;
	int length = snprintf(script, sizeof script, "%s/%s", path, program);
	if (length < 0 || (size_t)length >= sizeof script) {
		errno = ENAMETOOLONG;
		return;
	}
	size_t count = 0;
	while (arguments[count] != NULL) count++;
	char **words = calloc(count + 3, sizeof *words);
	if (words == NULL) return;
	words[0] = "node";
	words[1] = script;
	memcpy(words + 2, arguments, count * sizeof *words);
	execvp("node", words);
	int problem = errno;
	/* EACCES: not found, and a directory of PATH is not accessible. */
	bool absent = problem == ENOENT || problem == EACCES;
	if (absent) try_places(path, words);
	free(words);
	errno = problem;
}

/* A Node that takes longer counts as hung. */
enum { RUNS_WITHIN_S = 10 };

bool client_runs(void) {
	static char option[] = "--version";
	char *const arguments[] = {option, NULL};
	pid_t child = fork();
	if (child == 0) {
		alarm(RUNS_WITHIN_S);
		int null = open("/dev/null", O_RDWR);
		for (int descriptor = 0; descriptor <= 2; descriptor++) dup2(null, descriptor);
		become_node("sshpool.js", arguments);
		_exit(127);
	}
	int status = -1;
	while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
	return child > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

void say_no_node(void) {
	fprintf(stderr, "sshpool: cannot run node: %s; install Node.js, or put it into PATH\n",
		strerror(errno));
}

_Noreturn void become_client(void) {
	become_node("sshpool.js", our_words);
	say_no_node();
	exit(EXIT_FAILURE_OF_OURS);
}

_Noreturn void hand_over(void) {
	end_sign();
	end_questions();
	leave_raw_mode();
	give_signals_back();
	become_client();
}
