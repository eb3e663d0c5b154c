/* Escape characters in what is typed (ssh(1), ESCAPE CHARACTERS). */
#ifndef SSHPOOL_ESCAPES_H
#define SSHPOOL_ESCAPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum escape { ESCAPE_NONE, ESCAPE_DISCONNECT, ESCAPE_SUSPEND, ESCAPE_HELP };

struct escapes {
	bool active;
	uint8_t character;
	/* What comes now stands at the start of a line. */
	bool at_start;
	/* The escape character was typed, and what is meant by it is still to come. */
	bool pending;
};

/* Copies what is to be sent from `typed` to `sent`, which has room for one byte more. Stops behind
   an escape; `used` is how many bytes were looked at. Returns how many are to be sent. */
size_t filter_escapes(struct escapes *escapes, const uint8_t *typed, size_t length, uint8_t *sent,
	size_t *used, enum escape *escape);

#endif
