/* The place of this process, as in src/base/place.ts. */
#define _GNU_SOURCE

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "launcher.h"

static void write_namespace(struct writer *to, const char *path) {
	char text[64];
	ssize_t length = readlink(path, text, sizeof text);
	write_bytes(to, text, length > 0 ? (size_t)length : 0);
}

void write_place(struct writer *to) {
	static const char *const diversions[] = DIVERSIONS;
	char root[64] = "";
	struct stat stat_of;
	if (stat("/", &stat_of) == 0)
		snprintf(root, sizeof root, "%llu %llu", (unsigned long long)stat_of.st_dev,
			(unsigned long long)stat_of.st_ino);
	write_u32(to, 3);
	write_namespace(to, "/proc/self/ns/net");
	write_namespace(to, "/proc/self/ns/mnt");
	write_text(to, root);
	size_t position = to->length;
	uint32_t count = 0;
	write_u32(to, 0);
	for (size_t i = 0; i < sizeof diversions / sizeof diversions[0]; i++) {
		const char *value = getenv(diversions[i]);
		if (value == NULL || value[0] == '\0') continue;
		write_text(to, diversions[i]);
		count++;
	}
	patch_u32(to, position, count);
}
