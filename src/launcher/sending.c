/* Messages to the agent: the call, and what follows while it runs. */
#define _GNU_SOURCE

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "call.h"

/* Taken bytes are reported in portions, which are much smaller than the agent's window. */
enum { TAKEN_PORTION = 128 * 1024 };

static struct writer message;

/* The agent always reads, so this does not block for long; if the agent has closed, the next read
   reports it. */
static void send_message(void) {
	size_t sent = 0;
	while (sent < message.length) {
		ssize_t written = write(call.agent, message.bytes + sent, message.length - sent);
		if (written < 0 && errno == EINTR) continue;
		if (written < 0 && errno == EAGAIN && call.stage != OVER) {
			bool runs = call.stage == OPENED;
			if (runs && now_ms() < call.heard_at + 2 * AGENT_RUNNING_PATIENCE_MS) continue;
			message.length = 0;
			lose_agent(true);
			return;
		}
		if (written < 0) break;
		sent += (size_t)written;
	}
	message.length = 0;
}

void send_plain(enum message number) {
	begin_frame(&message, number);
	end_frame(&message);
	send_message();
}

/* hello and exec are sent together; a call that is too long for that goes to the Node client. */
void begin_call(void) {
	char directory[PATH_MAX];
	if (getcwd(directory, sizeof directory) == NULL) {
		if (is_our_command("ssh")) become_ssh(our_words + 1, our_count - 1);
		hand_over();
	}
	begin_frame(&message, MESSAGE_HELLO);
	write_u32(&message, PROTOCOL);
	write_text(&message, VERSION);
	write_u32(&message, 3);
	write_text(&message, "ask");
	write_text(&message, "delegate");
	write_text(&message, "words");
	end_frame(&message);
	begin_frame(&message, MESSAGE_EXEC);
	write_text(&message, our_words[0]);
	write_u32(&message, (uint32_t)(our_count - 1));
	for (size_t i = 1; i < our_count; i++) write_text(&message, our_words[i]);
	write_text(&message, directory);
	write_environment(&message, NULL);
	write_place(&message);
	write_terminals(&message);
	end_frame(&message);
	if (message.full) hand_over();
	call.heard_at = now_ms();
	send_message();
}

void answer_environment(const struct reader *patterns) {
	begin_frame(&message, MESSAGE_ENVIRONMENT);
	write_environment(&message, patterns);
	end_frame(&message);
	if (message.full) hand_over();
	send_message();
}

void send_answer(uint32_t id, bool given, const uint8_t *text, size_t length) {
	begin_frame(&message, MESSAGE_ANSWER);
	write_u32(&message, id);
	write_u8(&message, given);
	write_bytes(&message, text, length);
	end_frame(&message);
	size_t sent = message.length;
	send_message();
	/* The answer may be a password. */
	volatile uint8_t *at = message.bytes;
	for (size_t i = 0; i < sent; i++) at[i] = 0;
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

static void send_size(void) {
	begin_frame(&message, MESSAGE_RESIZED);
	write_size(&message);
	end_frame(&message);
	send_message();
}

void send_new_size(void) {
	if (size_has_changed()) send_size();
}

void send_signal(void) {
	int number = caught_signal();
	const char *name = signal_name(number);
	if (call.stage != OPENED) return;
	if (number == SIGWINCH) send_size();
	if (name == NULL) return;
	begin_frame(&message, MESSAGE_SIGNAL);
	write_text(&message, name);
	end_frame(&message);
	send_message();
}

void send_disconnect(void) {
	begin_frame(&message, MESSAGE_DISCONNECT);
	end_frame(&message);
	/* Non-blocking: an agent that does not read must not delay the user's exit. */
	ssize_t sent = send(call.agent, message.bytes, message.length, MSG_DONTWAIT);
	(void)sent;
	message.length = 0;
}

/* The position of the data's length in its message. */
static size_t data_position;

uint8_t *begin_data(void) {
	begin_frame(&message, MESSAGE_STDIN);
	data_position = message.length;
	write_u32(&message, 0);
	return message.bytes + message.length;
}

void end_data(size_t length) {
	if (length == 0) {
		message.length = 0;
		return;
	}
	patch_u32(&message, data_position, (uint32_t)length);
	message.length += length;
	end_frame(&message);
	send_message();
}
