/* The command line, and the command in it. */
#include <string.h>

#include "launcher.h"

char **our_words;
size_t our_count;

static const char *base_name(const char *path) {
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

void find_words(int argc, char *argv[], const char *called_as) {
	static char ssh[] = "ssh";
	our_words = argv;
	our_count = (size_t)argc;
	if (argc == 0) return;
	const char *name = base_name(called_as ? called_as : argv[0]);
	if (strcmp(name, "ssh") == 0 || strcmp(name, "sshpool-ssh") == 0) {
		argv[0] = ssh;
		return;
	}
	our_words++;
	our_count--;
}

bool is_our_command(const char *name) {
	return our_count > 0 && strcmp(our_words[0], name) == 0;
}
