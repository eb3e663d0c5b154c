/*
 * Runs the system's ssh for calls that the pool cannot make: the first ssh in PATH that is not sshpool,
 * and not a script that runs sshpool again, as src/base/programs.ts does. The agent gets this PATH and
 * searches it in the same way.
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

/* The system's program directories, used without PATH. */
static const char DEFAULT_PATH[] = "/usr/bin:/bin:/usr/local/bin";

/* Compares the file name behind all links, which also detects a second installation; and the file
   itself, in case the launcher was renamed. */
static bool is_us(const char *path) {
	char real[PATH_MAX];
	char own[PATH_MAX];
	if (realpath(path, real) == NULL) return false;
	const char *slash = strrchr(real, '/');
	if (slash != NULL && strncmp(slash + 1, "sshpool", strlen("sshpool")) == 0) return true;
	return own_file(own) && strcmp(real, own) == 0;
}

/* Whether this is the directory that `sshpool wrap` puts first in PATH. */
static bool is_wrap(const char *directory) {
	char wrap[sizeof paths.directory + 8];
	char expected[PATH_MAX];
	char real[PATH_MAX];
	snprintf(wrap, sizeof wrap, "%s/wrap", paths.directory);
	return realpath(wrap, expected) != NULL && realpath(directory, real) != NULL &&
		strcmp(real, expected) == 0;
}

/* `tried`: the scripts that were tried, divided by colons. */
static bool is_tried(const char *script, const char *tried) {
	size_t length = strlen(script);
	for (const char *at = tried; at != NULL; at = strchr(at, ':')) {
		if (*at == ':') at++;
		if (strncmp(at, script, length) == 0 && (at[length] == ':' || at[length] == '\0')) return true;
	}
	return false;
}

/* Runs one candidate; returns if that fails, or if it is a script that runs sshpool again. */
static void try_one(const char *path, char *const words[]) {
	static char tried[64 * 1024];
	char real[PATH_MAX];
	const char *before = getenv(SSH_TRIED);
	if (realpath(path, real) == NULL || is_tried(real, before)) return;
	if (is_script(path)) {
		snprintf(tried, sizeof tried, "%s%s%s", before ? before : "", before ? ":" : "", real);
		setenv(SSH_TRIED, tried, 1);
	} else {
		unsetenv(SSH_TRIED);
	}
	execv(path, words);
}

static bool is_program(const char *path) {
	struct stat stat_of;
	return stat(path, &stat_of) == 0 && S_ISREG(stat_of.st_mode) && access(path, X_OK) == 0;
}

/* Runs the first executable one, as execvp(3) does; returns if there is none. */
static void try_all(const char *directories, char *const words[]) {
	char directory[PATH_MAX];
	char path[PATH_MAX + 8];
	for (const char *at = directories;; at++) {
		size_t length = strcspn(at, ":");
		if (length < sizeof directory) {
			snprintf(directory, sizeof directory, "%.*s", (int)length, at);
			/* An empty entry is the working directory. */
			if (length == 0) strcpy(directory, ".");
			snprintf(path, sizeof path, "%s/ssh", directory);
			if (is_program(path) && !is_us(path) && !is_wrap(directory)) try_one(path, words);
		}
		at += length;
		if (*at == '\0') return;
	}
}

/* Counts in the environment how often the call came back to sshpool; false if too often. */
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
		end_questions();
		leave_raw_mode();
		give_signals_back();
		try_all(directories ? directories : DEFAULT_PATH, words);
	}
	fprintf(stderr, "sshpool: %s\n", TEXT_NO_SSH);
	exit(EXIT_FAILURE_OF_OURS);
}
