/*
 * Reads what is typed, in portions of so many bytes, filters it for escapes with `~`, and prints what
 * is sent; escapes as <.>, <z> and <?>.
 *
 *   escapes PORTION
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "escapes.h"

int main(int argc, char *argv[]) {
	static const char *const SHOWN[] = {"", "<.>", "<z>", "<?>"};
	static uint8_t typed[4096];
	static uint8_t sent[sizeof typed + 1];
	struct escapes escapes = {.active = true, .character = '~', .at_start = true};
	size_t portion = argc == 2 ? strtoul(argv[1], NULL, 10) : 0;
	if (portion == 0 || portion > sizeof typed) return 2;
	for (size_t got; (got = fread(typed, 1, portion, stdin)) > 0;) {
		for (size_t done = 0; done < got;) {
			size_t used;
			enum escape escape;
			size_t length = filter_escapes(&escapes, typed + done, got - done, sent, &used, &escape);
			assert(used > 0 && used <= got - done && length <= used + 1);
			done += used;
			fwrite(sent, 1, length, stdout);
			fputs(SHOWN[escape], stdout);
		}
	}
	return 0;
}
