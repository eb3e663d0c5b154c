/*
 * The escape sequences of ssh(1) that apply here: the escape character at the beginning of a line, and
 * the character after it. As in ssh, any other sequence is sent unchanged.
 */
#include "escapes.h"

#include <stdio.h>

enum { CONTROL_Z = 'Z' - 64 };

/* As ssh prints it for a session that shares its connection (clientloop.c); each %c is the escape
   character. */
#define HELP \
	"%c?\r\n" \
	"Supported escape sequences:\r\n" \
	" %c.   - terminate session\r\n" \
	" %c^Z  - suspend ssh\r\n" \
	" %c?   - this message\r\n" \
	" %c%c   - send the escape character by typing it twice\r\n" \
	"(Note that escapes are only recognized immediately after newline.)\r\n"

static enum wish wish_of(uint8_t byte) {
	switch (byte) {
	case '.':
		return WISH_DISCONNECT;
	case '?':
		return WISH_HELP;
	case CONTROL_Z:
		return WISH_SUSPEND;
	default:
		return WISH_NONE;
	}
}

enum wish next_wish(struct escapes *state, struct typed *typed) {
	while (typed->length > 0) {
		uint8_t byte = *typed->at++;
		typed->length--;
		if (state->pending) {
			state->pending = false;
			enum wish wish = wish_of(byte);
			if (wish != WISH_NONE) return wish;
			/* Typed twice, it is sent once. */
			if (byte != state->character) typed->to[typed->given++] = state->character;
		} else if (state->active && !state->inside_line && byte == state->character) {
			state->pending = true;
			continue;
		}
		state->inside_line = byte != '\r' && byte != '\n';
		typed->to[typed->given++] = byte;
	}
	return WISH_NONE;
}

size_t escapes_help(const struct escapes *state, char text[ESCAPES_HELP_BYTES]) {
	char c = (char)state->character;
	int length = snprintf(text, ESCAPES_HELP_BYTES, HELP, c, c, c, c, c, c);
	return length < 0 ? 0 : (size_t)length;
}
