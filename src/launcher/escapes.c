/* Escape characters as ssh has them (clientloop.c, process_escapes). Knows no terminal. */
#include "escapes.h"

enum { CONTROL_Z = 'Z' & 0x1f };

static enum escape meaning(uint8_t byte) {
	switch (byte) {
	case '.':
		return ESCAPE_DISCONNECT;
	case CONTROL_Z:
		return ESCAPE_SUSPEND;
	case '?':
		return ESCAPE_HELP;
	default:
		return ESCAPE_NONE;
	}
}

size_t filter_escapes(struct escapes *escapes, const uint8_t *typed, size_t length, uint8_t *sent,
	size_t *used, enum escape *escape) {
	size_t count = 0;
	*escape = ESCAPE_NONE;
	for (*used = 0; *used < length;) {
		uint8_t byte = typed[(*used)++];
		if (escapes->pending) {
			escapes->pending = false;
			*escape = meaning(byte);
			if (*escape != ESCAPE_NONE) return count;
			/* Typed twice it is sent once; before anything else it is itself. */
			if (byte != escapes->character) sent[count++] = escapes->character;
		} else if (escapes->active && escapes->at_start && byte == escapes->character) {
			escapes->pending = true;
			continue;
		}
		escapes->at_start = byte == '\r' || byte == '\n';
		sent[count++] = byte;
	}
	return count;
}
