/*
 * Escape characters: typed input that is cut at any place must give the same result as in one piece,
 * and follow the rules, which are implemented here again in the simplest way. Built with sanitizers.
 *
 *   escapes SEED SECONDS
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "escapes.h"

enum { MOST = 64 };

static uint64_t state;

static uint32_t pick(uint32_t below) {
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)(state >> 16) % below;
}

struct outcome {
	uint8_t sent[2 * MOST];
	size_t length;
	enum wish wishes[MOST];
	size_t count;
};

/* The rules, applied to the whole typed input. */
static void expect(struct outcome *to, uint8_t escape, const uint8_t *at, size_t length) {
	bool start = true;
	for (size_t i = 0; i < length; i++) {
		if (start && at[i] == escape) {
			if (i + 1 == length) return;
			uint8_t next = at[++i];
			if (next == '.' || next == '?' || next == 26) {
				to->wishes[to->count++] = next == '.' ? WISH_DISCONNECT
					: next == '?' ? WISH_HELP : WISH_SUSPEND;
				continue;
			}
			if (next != escape) to->sent[to->length++] = escape;
		}
		to->sent[to->length++] = at[i];
		start = at[i] == '\r' || at[i] == '\n';
	}
}

static void run_machine(struct outcome *to, uint8_t escape, const uint8_t *at, size_t length) {
	struct escapes machine = {.active = true, .character = escape};
	while (length > 0) {
		size_t piece = pick((uint32_t)length) + 1;
		/* The exact guaranteed size, so that a sanitizer detects one byte more. */
		uint8_t *room = malloc(piece + machine.pending);
		struct typed typed = {.at = at, .length = piece, .to = room};
		for (;;) {
			enum wish wish = next_wish(&machine, &typed);
			if (wish == WISH_NONE) break;
			to->wishes[to->count++] = wish;
		}
		assert(typed.length == 0);
		memcpy(to->sent + to->length, room, typed.given);
		to->length += typed.given;
		free(room);
		at += piece;
		length -= piece;
	}
}

static void run_once(void) {
	static const char common[] = "~~~~.?\r\n\x1a" "ab";
	uint8_t typed[MOST];
	uint8_t escape = pick(8) == 0 ? (uint8_t)pick(256) : '~';
	size_t length = pick(MOST);
	for (size_t i = 0; i < length; i++)
		typed[i] = pick(8) == 0 ? escape : (uint8_t)common[pick(sizeof common - 1)];
	struct outcome expected = {.length = 0};
	struct outcome found = {.length = 0};
	expect(&expected, escape, typed, length);
	run_machine(&found, escape, typed, length);
	assert(found.length == expected.length && found.count == expected.count);
	assert(memcmp(found.sent, expected.sent, found.length) == 0);
	assert(memcmp(found.wishes, expected.wishes, found.count * sizeof found.wishes[0]) == 0);
}

static void run_inactive(void) {
	uint8_t typed[] = "~.~?\r~.";
	uint8_t sent[sizeof typed];
	struct escapes machine = {.active = false};
	struct typed all = {.at = typed, .length = sizeof typed, .to = sent};
	assert(next_wish(&machine, &all) == WISH_NONE && all.given == sizeof typed);
	assert(memcmp(typed, sent, sizeof typed) == 0);
}

int main(int argc, char *argv[]) {
	char help[ESCAPES_HELP_BYTES];
	if (argc != 3) return 2;
	state = strtoull(argv[1], NULL, 10) * 2654435761U + 1;
	time_t end = time(NULL) + atoi(argv[2]);
	assert(escapes_help(&(struct escapes){.character = 255}, help) < sizeof help);
	run_inactive();
	unsigned long runs = 0;
	for (; time(NULL) < end; runs++) run_once();
	printf("%lu texts\n", runs);
	return 0;
}
