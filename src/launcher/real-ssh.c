/*
 * The ssh of the system, for what is not ours to do: the first one in PATH that is not us under its
 * name, as src/client has it. The agent, which we may start, inherits PATH as it is and looks in it
 * in the same way.
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
#include "launcher.h"

/* Where the system keeps it, for where there is no PATH. */
static const char DEFAULT_PATH[] = "/usr/bin:/bin:/usr/local/bin";

static bool is_same(const char *path, const char *resolved) {
	char real[PATH_MAX];
	return realpath(path, real) != NULL && strcmp(real, resolved) == 0;
}

/* Whether the file is our own program: the launcher, or the Node client beside it. */
static bool is_us(const char *path) {
	char own[PATH_MAX];
	char client[PATH_MAX + 16];
	if (!own_file(own)) return false;
	if (is_same(path, own)) return true;
	char *slash = strrchr(own, '/');
	if (slash == NULL) return false;
	snprintf(client, sizeof client, "%.*s/sshpool.js", (int)(slash - own), own);
	return is_same(path, client);
}

/* Whether it is the directory that `sshpool wrap` puts first in PATH: in it is the launcher, maybe
   one that another installation of us has put there. */
static bool is_wrap(const char *directory) {
	char wrap[sizeof paths.directory + 8];
	char resolved[PATH_MAX];
	snprintf(wrap, sizeof wrap, "%s/wrap", paths.directory);
	if (realpath(wrap, resolved) == NULL) return strcmp(directory, wrap) == 0;
	return is_same(directory, resolved);
}

static bool is_program(const char *path) {
	struct stat stat_of;
	return stat(path, &stat_of) == 0 && S_ISREG(stat_of.st_mode) && access(path, X_OK) == 0;
}

/* Runs the first one that can be run, as execvp(3) does; returns where there is none. */
static void try_all(const char *directories, char *const words[]) {
	char directory[PATH_MAX];
	char path[PATH_MAX + 8];
	for (const char *at = directories;; at++) {
		size_t length = strcspn(at, ":");
		if (length < sizeof directory) {
			snprintf(directory, sizeof directory, "%.*s", (int)length, at);
			/* An empty one is the working directory. */
			if (length == 0) strcpy(directory, ".");
			snprintf(path, sizeof path, "%s/ssh", directory);
			if (is_program(path) && !is_us(path) && !is_wrap(directory)) execv(path, words);
		}
		at += length;
		if (*at == '\0') return;
	}
}

_Noreturn void become_ssh(char *const arguments[], size_t count) {
	const char *directories = getenv("PATH");
	char **words = calloc(count + 2, sizeof *words);
	if (words != NULL) {
		words[0] = "ssh";
		memcpy(words + 1, arguments, count * sizeof *words);
		end_sign();
		leave_raw_mode();
		give_signals_back();
		try_all(directories ? directories : DEFAULT_PATH, words);
	}
	fputs("sshpool: no ssh in PATH but sshpool itself; install OpenSSH, or put it into PATH\n",
		stderr);
	exit(EXIT_FAILURE_OF_OURS);
}
