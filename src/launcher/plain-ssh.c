/*
 * A call of exec or shell through ssh itself, for where not even Node runs (a limit on memory or
 * processes): the Node client, which has a parser, does the same with src/client/fallback.ts. What
 * exec takes ssh takes in the same words, but for its long options.
 */
#define _GNU_SOURCE

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "launcher.h"

static const char WITH_VALUE[] = "FlpiJoe";
static const char WITHOUT_VALUE[] = "46AanqtTv";

/* How many words an option takes, one or two; 0 where ssh may understand it in another way. */
static size_t words_of(const char *option) {
	for (const char *at = option + 1; *at != '\0'; at++) {
		if (strchr(WITH_VALUE, *at) != NULL) return at[1] == '\0' ? 2 : 1;
		if (strchr(WITHOUT_VALUE, *at) == NULL) return 0;
	}
	return 1;
}

/* Copies the options that begin at `from`; false where ssh has other ones. At the end `from` is at
   the word behind them, or at `--`. */
static bool copy_options(size_t *from, char **words, size_t *count) {
	while (*from < our_count && our_words[*from][0] == '-' && our_words[*from][1] != '\0') {
		const char *option = our_words[*from];
		if (strcmp(option, "--") == 0) return true;
		/* Each ssh has a connection of its own. */
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

/* Whether the words are options, HOST, options, and a command or none, as the call demands. */
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
