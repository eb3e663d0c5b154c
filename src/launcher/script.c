/*
 * bin/sshpool and bin/sshpool-ssh where they are scripts (bin/sshpool.sh): so they come in the package,
 * for all machines. The first call of its owner puts the launcher in the script's place, so that later calls
 * start without a shell. That is safe only where a link leads from PATH to the file, as npm makes them:
 * other package managers have recorded that a shell must run it.
 */
#define _GNU_SOURCE

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#ifdef __linux__
#include <sys/vfs.h>
#endif
#include <unistd.h>

#include "launcher.h"
#include "wire.h"

static const char *name_of_script;
/* Empty if no script started this process, or if its directory has gone. */
static char directory_of_script[PATH_MAX];

void read_script(void) {
	const char *directory = getenv(PACKAGE_BIN);
	/* The text stays where it is. */
	name_of_script = getenv(CALLED_AS);
	/* Now: a process that starts the agent is in another directory. */
	if (directory == NULL || realpath(directory, directory_of_script) == NULL)
		directory_of_script[0] = '\0';
	unsetenv(CALLED_AS);
	unsetenv(PACKAGE_BIN);
}

const char *called_as(void) {
	return name_of_script;
}

bool package_bin(char *path) {
	if (directory_of_script[0] != '\0') {
		memcpy(path, directory_of_script, strlen(directory_of_script) + 1);
		return true;
	}
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

bool is_script(const char *path) {
	char start[2];
	int file = open(path, O_RDONLY | O_CLOEXEC);
	if (file < 0) return false;
	bool is = read(file, start, sizeof start) == sizeof start && memcmp(start, "#!", 2) == 0;
	close(file);
	return is;
}

static bool ends_with(const char *text, const char *end) {
	size_t length = strlen(text), tail = strlen(end);
	return length >= tail && strcmp(text + length - tail, end) == 0;
}

/* Finds the script that was called, if a link leads to it as npm makes them: relative, and straight there. */
static bool find_script(char *script) {
	char to[PATH_MAX];
	ssize_t length = readlink(name_of_script, to, sizeof to - 1);
	if (length <= 0) return false;
	to[length] = '\0';
	bool is_managers = strncmp(to, "../", 3) == 0 &&
		(ends_with(to, "/sshpool/bin/sshpool") || ends_with(to, "/sshpool/bin/sshpool-ssh"));
	if (!is_managers || realpath(name_of_script, script) == NULL) return false;
	size_t above = (size_t)(strrchr(script, '/') - script);
	return above == strlen(directory_of_script) && memcmp(script, directory_of_script, above) == 0;
}

/* This launcher belongs to the script's own package, and not to an older one that npm has replaced; the
   package is no clone, whose files may be packed. */
static bool belongs_to_package(const char *own) {
	char launchers[PATH_MAX + 16];
	char source[PATH_MAX + 16];
	int length = snprintf(launchers, sizeof launchers, "%s/launchers/", directory_of_script);
	snprintf(source, sizeof source, "%s/sshpool.sh", directory_of_script);
	return strncmp(own, launchers, (size_t)length) == 0 && access(source, F_OK) != 0;
}

/* On a file system of the network, machines of another kind may use the same package. */
static bool is_local(const char *path) {
#ifdef __linux__
	/* ext, xfs, btrfs, f2fs, tmpfs, overlayfs, zfs, bcachefs */
	static const unsigned long local[] = {0xef53, 0x58465342, 0x9123683e, 0xf2f52010, 0x01021994,
		0x794c7630, 0x2fc12fc1, 0xca451a4e};
	struct statfs found;
	if (statfs(path, &found) != 0) return false;
	for (size_t i = 0; i < sizeof local / sizeof local[0]; i++)
		if (((unsigned long)found.f_type & 0xffffffff) == local[i]) return true;
#else
	(void)path;
#endif
	return false;
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
	char script[PATH_MAX];
	char made[PATH_MAX + 32];
	if (name_of_script == NULL || directory_of_script[0] == '\0' || geteuid() != getuid()) return;
	if (!own_file(own) || !belongs_to_package(own) || !find_script(script)) return;
	if (!is_own(directory_of_script, S_IFDIR) || !is_own(script, S_IFREG)) return;
	if (!is_local(script) || !is_script(script)) return;
	snprintf(made, sizeof made, "%s.%ld", script, (long)getpid());
	if (copy_file(own, made) && rename(made, script) != 0) unlink(made);
}
