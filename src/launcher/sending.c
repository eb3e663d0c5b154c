/* Messages to the agent: what the call is, and what there is to say while it runs. */
#define _GNU_SOURCE

#include <errno.h>
#include <limits.h>
#include <unistd.h>

#include "call.h"

/* Read at a time from standard input: with its frame just half of what the agent reads at a time,
   and one packet of SSH, so that nothing has to be put together again. */
enum { INPUT_PORTION = 32 * 1024 - FRAME_LENGTH_BYTES - 1 - 4 };
/* Bytes taken are told in portions: a window of the agent has many of them. */
enum { TAKEN_PORTION = 128 * 1024 };

static struct writer message;

/* The agent reads whatever comes, so this does not wait long; where it has gone, that shows when
   we read. */
static void send_message(void) {
	size_t sent = 0;
	while (sent < message.length) {
		ssize_t written = write(call.agent, message.bytes + sent, message.length - sent);
		if (written < 0 && errno == EINTR) continue;
		if (written < 0) break;
		sent += (size_t)written;
	}
	message.length = 0;
}

static void send_plain(enum message number) {
	begin_frame(&message, number);
	end_frame(&message);
	send_message();
}

/* hello and exec leave together; what is too long for that goes to the Node client. */
void begin_call(void) {
	char directory[PATH_MAX];
	if (getcwd(directory, sizeof directory) == NULL) hand_over();
	begin_frame(&message, MESSAGE_HELLO);
	write_u32(&message, PROTOCOL);
	write_text(&message, VERSION);
	write_u32(&message, 1);
	write_text(&message, "delegate");
	end_frame(&message);
	begin_frame(&message, MESSAGE_EXEC);
	write_text(&message, our_argv[1]);
	write_u32(&message, (uint32_t)(our_argc - 2));
	for (int i = 2; i < our_argc; i++) write_text(&message, our_argv[i]);
	write_text(&message, directory);
	write_environment(&message, NULL);
	int terminals = 0;
	for (int descriptor = 0; descriptor <= 2; descriptor++)
		terminals |= isatty(descriptor) << descriptor;
	write_u8(&message, (uint8_t)terminals);
	for (int i = 0; i < 4; i++) write_u32(&message, 0);
	write_text(&message, "");
	end_frame(&message);
	if (message.full) hand_over();
	send_message();
}

void answer_environment(const struct reader *patterns) {
	begin_frame(&message, MESSAGE_ENVIRONMENT);
	write_environment(&message, patterns);
	end_frame(&message);
	if (message.full) hand_over();
	send_message();
}

void tell_taken(size_t bytes) {
	call.taken += bytes;
	if (outputs[0].closed && !call.stdout_closed_told) {
		call.stdout_closed_told = true;
		send_plain(MESSAGE_STDOUT_CLOSED);
	}
	if (call.taken < TAKEN_PORTION || call.stage == OVER) return;
	begin_frame(&message, MESSAGE_TAKEN);
	write_u32(&message, (uint32_t)call.taken);
	end_frame(&message);
	call.taken = 0;
	send_message();
}

void send_signal(void) {
	const char *name = caught_signal();
	if (name == NULL) return;
	begin_frame(&message, MESSAGE_SIGNAL);
	write_text(&message, name);
	end_frame(&message);
	send_message();
}

void send_input(void) {
	size_t most = call.granted < INPUT_PORTION ? call.granted : INPUT_PORTION;
	begin_frame(&message, MESSAGE_STDIN);
	size_t position = message.length;
	write_u32(&message, 0);
	ssize_t got = read(call.input, message.bytes + message.length, most);
	if (got > 0) {
		call.granted -= (uint32_t)got;
		patch_u32(&message, position, (uint32_t)got);
		message.length += (size_t)got;
		end_frame(&message);
		send_message();
		return;
	}
	message.length = 0;
	if (got < 0 && (errno == EINTR || errno == EAGAIN)) return;
	/* An input that cannot be read (closed, a directory) is at its end. */
	call.input_wanted = false;
	send_plain(MESSAGE_STDIN_END);
}
