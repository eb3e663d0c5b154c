/*
 * Makes a call of exec or shell through ssh itself if not even Node can run (a limit on memory or
 * processes). The Node client, which has a parser, does the same in src/client/exec/fallback.ts. ssh takes
 * the same arguments as exec, except for the long options.
 */
#define _GNU_SOURCE

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "launcher.h"

static const char WITH_VALUE[] = "FlpiJoe";
static const char WITHOUT_VALUE[] = "46AanqtTv";

/* How many words an option takes, one or two; 0 if ssh may interpret it differently. */
static size_t words_of(const char *option) {
	for (const char *at = option + 1; *at != '\0'; at++) {
		if (strchr(WITH_VALUE, *at) != NULL) return at[1] == '\0' ? 2 : 1;
		if (strchr(WITHOUT_VALUE, *at) == NULL) return 0;
	}
	return 1;
}

/* Copies the options that begin at `from`; false for options that ssh has not. Afterwards `from` is
   at the word after them, or at `--`. */
static bool copy_options(size_t *from, char **words, size_t *count) {
	while (*from < our_count && our_words[*from][0] == '-' && our_words[*from][1] != '\0') {
		const char *option = our_words[*from];
		if (strcmp(option, "--") == 0) return true;
		/* Each ssh opens its own connection. */
		if (strcmp(option, "--fresh") == 0) {
			++*from;
			continue;
		}
		size_t length = option[1] == '-' ? 0 : words_of(option);
		if (length == 0 || length > our_count - *from) return false;
		while (length-- > 0) words[(*count)++] = our_words[(*from)++];
	}
	return true;
}

/* Whether the words are options, HOST, options, and, as the command requires, a remote command or
   none. */
static bool translate(char **words, size_t *count) {
	size_t from = 1;
	if (!copy_options(&from, words, count) || from == our_count) return false;
	bool ended = strcmp(our_words[from], "--") == 0;
	if (ended) words[(*count)++] = our_words[from++];
	if (from == our_count) return false;
	words[(*count)++] = our_words[from++];
	if (!ended && !copy_options(&from, words, count)) return false;
	bool with_command = from + (from < our_count && strcmp(our_words[from], "--") == 0) < our_count;
	while (from < our_count) words[(*count)++] = our_words[from++];
	return with_command == is_our_command("exec");
}

void become_plain_ssh(const char *why) {
	const char *setting = getenv("SSH_POOL_FALLBACK");
	if (setting != NULL && setting[0] != '\0' && strcmp(setting, "on") != 0) return;
	char **words = calloc(our_count + 1, sizeof *words);
	size_t count = 0;
	if (words == NULL || !translate(words, &count)) {
		free(words);
		return;
	}
	end_sign();
	fprintf(stderr, "sshpool: %s; this call goes through ssh itself\n", why);
	become_ssh(words, count);
}
