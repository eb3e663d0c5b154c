/* Sends standard input to the agent, and acts on escape characters in it. */
#define _GNU_SOURCE

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "call.h"

/* One read of standard input: with its frame exactly half of one read of the agent, and one packet
   of SSH, so that nothing has to be reassembled. */
enum { INPUT_PORTION = 32 * 1024 - FRAME_LENGTH_BYTES - 1 - 4 };
/* A healthy agent answers `disconnect` at once. */
enum { DISCONNECT_MS = 2000 };

/* Input that is searched for escapes before it is sent. */
static uint8_t searched[INPUT_PORTION];

size_t input_room(void) {
	/* The escape character that is held back may have to be sent as well. */
	return call.granted - (call.escapes.pending && call.granted > 0 ? 1 : 0);
}

static void send_portion(size_t length) {
	call.granted -= (uint32_t)length;
	end_data(length);
}

/* As ssh, shows nothing for disconnect. */
static void disconnect(void) {
	call.input_wanted = false;
	call.disconnect_by = now_ms() + DISCONNECT_MS;
	output_drop(&outputs[0]);
	send_disconnect();
}

static void suspend(void) {
	char text[64];
	int length = snprintf(text, sizeof text, "%c^Z [suspend ssh]\r\n", call.escapes.character);
	print_own(text, (size_t)length);
	/* The handler restores the terminal and its size. */
	kill(getpid(), SIGTSTP);
}

/* Sends the typed bytes without the escapes, and executes these. */
static void send_typed(size_t length, uint8_t *to) {
	struct typed typed = {.at = searched, .length = length, .to = to};
	enum wish wish;
	do {
		wish = next_wish(&call.escapes, &typed);
		if (wish == WISH_SUSPEND) suspend();
		if (wish == WISH_HELP) {
			char text[ESCAPES_HELP_BYTES];
			print_own(text, escapes_help(&call.escapes, text));
		}
	} while (wish == WISH_SUSPEND || wish == WISH_HELP);
	send_portion(typed.given);
	if (wish == WISH_DISCONNECT) disconnect();
}

void send_input(void) {
	size_t room = input_room();
	size_t most = room < INPUT_PORTION ? room : INPUT_PORTION;
	uint8_t *to = begin_data();
	ssize_t got = read(call.input, call.escapes.active ? searched : to, most);
	if (got > 0 && call.escapes.active) {
		send_typed((size_t)got, to);
	} else {
		send_portion(got > 0 ? (size_t)got : 0);
	}
	if (got > 0 || (got < 0 && (errno == EINTR || errno == EAGAIN))) return;
	/* An unreadable input (closed, a directory) counts as end of file. */
	call.input_wanted = false;
	send_plain(MESSAGE_STDIN_END);
}
