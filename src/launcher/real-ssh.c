/*
 * The ssh of the system, for what is not ours to do: the first one in PATH that is not us under its
 * name, as src/client has it. The agent is told our PATH and looks in it in the same way.
 */
#define _GNU_SOURCE

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

/* By its name where the links end, which also knows us where we are installed a second time; and by
   its place, where somebody gave us another name. */
static bool is_us(const char *path) {
	char real[PATH_MAX];
	char own[PATH_MAX];
	if (realpath(path, real) == NULL) return false;
	const char *slash = strrchr(real, '/');
	if (slash != NULL && strncmp(slash + 1, "sshpool", strlen("sshpool")) == 0) return true;
	return own_file(own) && strcmp(real, own) == 0;
}

/* Whether it is the directory that `sshpool wrap` puts first in PATH. */
static bool is_wrap(const char *directory) {
	char wrap[sizeof paths.directory + 8];
	char expected[PATH_MAX];
	char real[PATH_MAX];
	snprintf(wrap, sizeof wrap, "%s/wrap", paths.directory);
	return realpath(wrap, expected) != NULL && realpath(directory, real) != NULL &&
		strcmp(real, expected) == 0;
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

/* Tells the next one of us how often it came back; false where that is too often. */
static bool count_depth(void) {
	const char *before = getenv(SSH_DEPTH);
	char text[16];
	int depth = before == NULL ? 1 : atoi(before) + 1;
	snprintf(text, sizeof text, "%d", depth);
	return depth <= MAX_SSH_DEPTH && setenv(SSH_DEPTH, text, 1) == 0;
}

_Noreturn void become_ssh(char *const arguments[], size_t count) {
	if (!count_depth()) {
		fprintf(stderr, "sshpool: %s\n", TEXT_SSH_LOOP);
		exit(EXIT_FAILURE_OF_OURS);
	}
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
	fprintf(stderr, "sshpool: %s\n", TEXT_NO_SSH);
	exit(EXIT_FAILURE_OF_OURS);
}
