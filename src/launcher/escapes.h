/* A state machine for the escape characters of ssh(1); knows neither terminal nor agent. */
#ifndef SSHPOOL_ESCAPES_H
#define SSHPOOL_ESCAPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct escapes {
	bool active;
	uint8_t character;
	/* The escape character was typed; its meaning depends on the next character. */
	bool pending;
	bool inside_line;
};

/* What the user requests. */
enum wish { WISH_NONE, WISH_DISCONNECT, WISH_HELP, WISH_SUSPEND };

/* The typed bytes, and the buffer for those that go to the remote: at most one byte more than was
   typed, and only if one was pending. */
struct typed {
	const uint8_t *at;
	size_t length;
	uint8_t *to;
	size_t given;
};

/* Processes the typed bytes to their end or to the next request, which the caller must handle. */
enum wish next_wish(struct escapes *state, struct typed *typed);

enum { ESCAPES_HELP_BYTES = 512 };

/* The answer to WISH_HELP; returns its length. */
size_t escapes_help(const struct escapes *state, char text[ESCAPES_HELP_BYTES]);

#endif
