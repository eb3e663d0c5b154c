/* The escape characters of ssh(1), as a machine that knows neither terminal nor agent. */
#ifndef SSHPOOL_ESCAPES_H
#define SSHPOOL_ESCAPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct escapes {
	bool active;
	uint8_t character;
	/* The character was typed and its meaning depends on the next one. */
	bool pending;
	bool inside_line;
};

/* What a person asks for. */
enum wish { WISH_NONE, WISH_DISCONNECT, WISH_HELP, WISH_SUSPEND };

/* What was typed, and where what is left of it for the remote goes: at most one byte more than was
   typed, and that only where one was pending. */
struct typed {
	const uint8_t *at;
	size_t length;
	uint8_t *to;
	size_t given;
};

/* Goes on through what was typed up to its end or to a wish, which is the caller's to see to. */
enum wish next_wish(struct escapes *state, struct typed *typed);

enum { ESCAPES_HELP_BYTES = 512 };

/* The answer to WISH_HELP; returns its length. */
size_t escapes_help(const struct escapes *state, char text[ESCAPES_HELP_BYTES]);

#endif
