/* Messages to the agent: what the call is, and what there is to say while it runs. */
#define _GNU_SOURCE

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <unistd.h>

#include "call.h"
#include "terminal.h"

/* Read at a time from standard input: with its frame just half of what the agent reads at a time,
   and one packet of SSH, so that nothing has to be put together again. */
enum { INPUT_PORTION = 32 * 1024 - FRAME_LENGTH_BYTES - 1 - 4 };
/* A person types less. */
enum { TYPED_PORTION = 4096 };
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

static void write_words(char **words) {
	uint32_t count = 0;
	while (words[count] != NULL) count++;
	write_u32(&message, count);
	for (uint32_t i = 0; i < count; i++) write_text(&message, words[i]);
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
	write_text(&message, our_words[0]);
	write_words(our_words + 1);
	write_text(&message, directory);
	write_environment(&message, NULL);
	int terminals = 0;
	for (int descriptor = 0; descriptor <= 2; descriptor++)
		terminals |= isatty(descriptor) << descriptor;
	write_u8(&message, (uint8_t)terminals);
	write_window_size(&message);
	write_modes(&message);
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

void send_window_size(void) {
	begin_frame(&message, MESSAGE_RESIZED);
	write_window_size(&message);
	end_frame(&message);
	send_message();
}

void handle_signal(void) {
	int number = caught_signal();
	const char *name = signal_name(number);
	if (number == SIGWINCH) send_window_size();
	if (name == NULL) return;
	begin_frame(&message, MESSAGE_SIGNAL);
	write_text(&message, name);
	end_frame(&message);
	send_message();
}

static void end_input(void) {
	call.input_wanted = false;
	send_plain(MESSAGE_STDIN_END);
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
	end_input();
}

/* Where there is nobody who answers we leave all the same. */
enum { LEAVE_SECONDS = 2 };

static void suspend(void) {
	leave_raw_mode();
	kill(getpid(), SIGTSTP);
	enter_raw_mode();
	send_window_size();
}

static void act_on(enum escape escape) {
	switch (escape) {
	case ESCAPE_DISCONNECT:
		print_escape(TEXT_DISCONNECT);
		call.input_wanted = false;
		send_plain(MESSAGE_DISCONNECT);
		end_in(LEAVE_SECONDS);
		return;
	case ESCAPE_SUSPEND:
		print_escape(TEXT_SUSPEND);
		suspend();
		return;
	case ESCAPE_HELP:
		print_escape(TEXT_HELP);
		return;
	case ESCAPE_NONE:
		return;
	}
}

/* As send_input, for what a person types. */
void send_typed(void) {
	static uint8_t typed[TYPED_PORTION];
	static uint8_t sent[TYPED_PORTION + 1];
	size_t most = call.granted < sizeof typed ? call.granted - 1 : sizeof typed;
	ssize_t got = read(call.input, typed, most);
	if (got < 0 && (errno == EINTR || errno == EAGAIN)) return;
	if (got <= 0) {
		end_input();
		return;
	}
	for (size_t done = 0; done < (size_t)got && call.input_wanted;) {
		size_t used;
		enum escape escape;
		size_t length =
			filter_escapes(&call.escapes, typed + done, (size_t)got - done, sent, &used, &escape);
		done += used;
		if (length > 0) {
			begin_frame(&message, MESSAGE_STDIN);
			write_bytes(&message, sent, length);
			end_frame(&message);
			call.granted -= (uint32_t)length;
			send_message();
		}
		act_on(escape);
	}
}
