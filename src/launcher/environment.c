/* The part of the caller's environment that the agent may see (docs/PROTOCOL.md). */
#define _GNU_SOURCE

#include <stdlib.h>
#include <string.h>

#include "launcher.h"

extern char **environ;

/* As matchesEnv of caller-env.ts: * and ? are wildcards, all other characters are literal. */
static bool matches(const char *name, size_t length, const char *pattern, size_t pattern_length) {
	for (; pattern_length > 0; pattern++, pattern_length--) {
		if (*pattern == '*') {
			for (size_t skip = 0; skip <= length; skip++)
				if (matches(name + skip, length - skip, pattern + 1, pattern_length - 1))
					return true;
			return false;
		}
		if (length == 0 || (*pattern != '?' && *pattern != *name)) return false;
		name++;
		length--;
	}
	return length == 0;
}

static const char *const ALLOWED[] = CALLER_ENV;

static const char *const AGENTS[] = AGENT_ENV;

enum {
	ALLOWED_COUNT = sizeof ALLOWED / sizeof ALLOWED[0],
	AGENTS_COUNT = sizeof AGENTS / sizeof AGENTS[0],
};

static bool is_one_of(const char *const patterns[], size_t count, const char *name, size_t length) {
	for (size_t i = 0; i < count; i++)
		if (matches(name, length, patterns[i], strlen(patterns[i]))) return true;
	return false;
}

/* `list` is positioned at the count of a list of patterns. */
static bool is_asked_for(const char *name, size_t length, struct reader list) {
	for (uint32_t left = read_u32(&list); left > 0 && !list.broken; left--) {
		struct bytes pattern = read_bytes(&list);
		if (pattern.at && matches(name, length, (const char *)pattern.at, pattern.length))
			return true;
	}
	return false;
}

void write_environment(struct writer *to, const struct reader *patterns) {
	size_t position = to->length;
	uint32_t count = 0;
	write_u32(to, 0);
	for (char **entry = environ; *entry != NULL; entry++) {
		const char *equals = strchr(*entry, '=');
		if (equals == NULL) continue;
		size_t length = (size_t)(equals - *entry);
		bool sent = patterns ? is_asked_for(*entry, length, *patterns)
				     : is_one_of(ALLOWED, ALLOWED_COUNT, *entry, length);
		if (!sent) continue;
		write_text(to, *entry);
		count++;
	}
	patch_u32(to, position, count);
}

/* The absolute directories of PATH, and those of the system. */
static char *agent_path(void) {
	static const char name[] = "PATH=";
	const char *from = getenv("PATH");
	if (from == NULL) from = "";
	char *made = malloc(sizeof name + strlen(from) + sizeof SYSTEM_PATH + 1);
	if (made == NULL) return NULL;
	char *end = stpcpy(made, name);
	for (;; from++) {
		size_t length = strcspn(from, ":");
		if (*from == '/') {
			memcpy(end, from, length);
			end += length;
			*end++ = ':';
		}
		from += length;
		if (*from == '\0') break;
	}
	strcpy(end, SYSTEM_PATH);
	return made;
}

char **agent_environment(void) {
	size_t count = 0;
	while (environ[count] != NULL) count++;
	char **made = calloc(count + 3, sizeof *made);
	char *path = agent_path();
	if (made == NULL || path == NULL) return NULL;
	size_t kept = 0;
	for (char **entry = environ; *entry != NULL; entry++)
		if (is_one_of(AGENTS, AGENTS_COUNT, *entry, strcspn(*entry, "="))) made[kept++] = *entry;
	made[kept++] = path;
	made[kept] = "MALLOC_MMAP_THRESHOLD_=" MALLOC_THRESHOLD;
	return made;
}
