/* Node and the programs of the package, found beside the launcher. */
#define _GNU_SOURCE

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#ifdef __APPLE__
#include <mach-o/dyld.h>
#endif

#include "agent.h"
#include "launcher.h"

/* The node that built the launcher: for where none is in PATH, as under cron. */
#ifndef NODE_AT_BUILD
#define NODE_AT_BUILD ""
#endif

/* The file of the running launcher, links resolved; false where the system does not tell. */
static bool own_file(char path[PATH_MAX]) {
#ifdef __APPLE__
	char name[PATH_MAX];
	uint32_t size = sizeof name;
	return _NSGetExecutablePath(name, &size) == 0 && realpath(name, path) != NULL;
#else
	ssize_t length = readlink("/proc/self/exe", path, PATH_MAX - 1);
	if (length < 0) return false;
	path[length] = '\0';
	return true;
#endif
}

void become_node(const char *program, char *const arguments[]) {
	char path[PATH_MAX];
	char script[PATH_MAX];
	if (!own_file(path)) return;
	char *slash = strrchr(path, '/');
	if (slash == NULL) return;
	*slash = '\0';
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
	/* EACCES: there is none, and a directory of PATH is closed to us. */
	bool absent = problem == ENOENT || problem == EACCES;
	if (absent && NODE_AT_BUILD[0] != '\0') execv(NODE_AT_BUILD, words);
	free(words);
	errno = problem;
}

/* Whether a file is this program, by whatever name, or the Node client beside it. */
static bool is_ours(const char *file) {
	char path[PATH_MAX];
	char own[PATH_MAX];
	if (realpath(file, path) == NULL || !own_file(own)) return false;
	if (strcmp(path, own) == 0) return true;
	char *slash = strrchr(own, '/');
	size_t length = slash == NULL ? 0 : (size_t)(slash - own);
	return strncmp(path, own, length) == 0 && strcmp(path + length, "/sshpool.js") == 0;
}

/* The first ssh of PATH that is not us: where we stand in for it, we are the first. */
_Noreturn void become_ssh(void) {
	static char name[] = "ssh";
	const char *path = getenv("PATH");
	if (path == NULL) path = "/usr/bin:/bin";
	our_words[0] = name;
	for (;;) {
		char file[PATH_MAX];
		size_t length = strcspn(path, ":");
		int written = snprintf(file, sizeof file, "%.*s/ssh", (int)length, path);
		bool fits = written > 0 && (size_t)written < sizeof file;
		/* An empty name would be the working directory. */
		if (length > 0 && fits && access(file, X_OK) == 0 && !is_wrapper(file) && !is_ours(file))
			execv(file, our_words);
		if (path[length] == '\0') break;
		path += length + 1;
	}
	fprintf(stderr, "sshpool: there is no ssh in PATH; install the OpenSSH client\n");
	exit(EXIT_FAILURE_OF_OURS);
}

_Noreturn void become_client(void) {
	become_node("sshpool.js", our_words);
	fprintf(stderr, "sshpool: cannot run node: %s; install Node.js, or put it into PATH\n",
		strerror(errno));
	exit(EXIT_FAILURE_OF_OURS);
}
