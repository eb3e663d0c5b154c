/*
 * bin/sshpool where it is a script (bin/sshpool.sh): so it comes in the package, for all machines. The
 * first call of its owner puts the launcher in its place, so that later calls start without a shell.
 * That is safe only where a link leads from PATH to the file, as npm makes them: other package managers
 * have recorded that a shell must run it.
 */
#define _GNU_SOURCE

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "launcher.h"
#include "wire.h"

static const char *name_of_script;
static const char *directory_of_script;

void read_script(void) {
	/* The texts stay where they are. */
	name_of_script = getenv(CALLED_AS);
	directory_of_script = getenv(PACKAGE_BIN);
	unsetenv(CALLED_AS);
	unsetenv(PACKAGE_BIN);
}

const char *called_as(void) {
	return name_of_script;
}

bool package_bin(char *path) {
	if (directory_of_script != NULL) return realpath(directory_of_script, path) != NULL;
	if (!own_file(path)) return false;
	char *slash = strrchr(path, '/');
	if (slash == NULL) return false;
	*slash = '\0';
	return true;
}

/* Only its owner, who runs this, can write to it. */
static bool is_own(const char *path, mode_t kind) {
	struct stat found;
	return lstat(path, &found) == 0 && (found.st_mode & S_IFMT) == kind &&
		found.st_uid == geteuid() && (found.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

static bool is_script(const char *path) {
	char start[2];
	int file = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (file < 0) return false;
	bool is = read(file, start, sizeof start) == sizeof start && memcmp(start, "#!", 2) == 0;
	close(file);
	return is;
}

static bool ends_with(const char *text, const char *end) {
	size_t length = strlen(text), tail = strlen(end);
	return length >= tail && strcmp(text + length - tail, end) == 0;
}

/* The script was called through a link as npm makes them: relative, and straight to the script. */
static bool is_managers_link(const char *script) {
	char to[PATH_MAX];
	char real[PATH_MAX];
	ssize_t length = readlink(name_of_script, to, sizeof to - 1);
	if (length <= 0) return false;
	to[length] = '\0';
	return strncmp(to, "../", 3) == 0 && ends_with(to, "/sshpool/bin/sshpool") &&
		realpath(name_of_script, real) != NULL && strcmp(real, script) == 0;
}

static bool copy(int from, int to) {
	char block[16 * 1024];
	for (;;) {
		ssize_t got = read(from, block, sizeof block);
		if (got <= 0) return got == 0;
		if (write(to, block, (size_t)got) != got) return false;
	}
}

static bool copy_file(const char *from, const char *to) {
	int source = open(from, O_RDONLY | O_CLOEXEC);
	int made = open(to, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0700);
	bool copied = source >= 0 && made >= 0 && copy(source, made) && fchmod(made, 0755) == 0;
	if (source >= 0) close(source);
	/* A full disk may be reported only here. */
	if (made >= 0 && close(made) != 0) copied = false;
	if (!copied && made >= 0) unlink(to);
	return copied;
}

void replace_script(void) {
	char own[PATH_MAX];
	char directory[PATH_MAX];
	char script[PATH_MAX + 16];
	char made[PATH_MAX + 48];
	if (name_of_script == NULL || directory_of_script == NULL || geteuid() != getuid()) return;
	if (!own_file(own) || !package_bin(directory)) return;
	snprintf(script, sizeof script, "%s/sshpool", directory);
	snprintf(made, sizeof made, "%s.%ld", script, (long)getpid());
	if (!is_managers_link(script)) return;
	if (!is_own(directory, S_IFDIR) || !is_own(script, S_IFREG) || !is_script(script)) return;
	if (copy_file(own, made) && rename(made, script) != 0) unlink(made);
}
