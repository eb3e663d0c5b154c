/* Messages of the agent, and what each makes of the call. */
#define _GNU_SOURCE

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "call.h"
#include "terminal.h"

static struct frames arrived;

/* Whatever the agent says to the person, or for the command, ends the waiting. */
static void end_waiting(void) {
	call.sign_due = false;
	end_sign();
}

static void print_bytes(const void *at, size_t length) {
	bool kept;
	size_t before = outputs[1].length;
	output_write(&outputs[1], at, length, &kept);
	/* Where its reader has gone nothing waits any more. */
	if (outputs[1].length > before) call.uncounted += outputs[1].length - before;
}

static void print_line(const char *prefix, struct bytes line) {
	end_waiting();
	if (line.length == 0) return;
	print_bytes(prefix, strlen(prefix));
	print_bytes(line.at, line.length);
	print_bytes("\n", 1);
}

void print_escape(const char *text) {
	for (; *text != '\0'; text++) print_bytes(*text == '~' ? (const char *)&call.escapes.character : text, 1);
}

void print_last(void) {
	print_line(call.last_prefix, call.last);
}

/* What left stderr's queue, less what of it was never the agent's. */
size_t without_own(size_t flushed) {
	size_t own = flushed < call.uncounted ? flushed : call.uncounted;
	call.uncounted -= own;
	return flushed - own;
}

static void end_call(uint8_t exit_code, const char *prefix, struct bytes last) {
	end_waiting();
	call.exit_code = exit_code;
	call.last_prefix = prefix;
	call.last = last;
	call.stage = OVER;
	set_signal_duty(SIGNALS_KILL);
}

/* What the agent says at the end: in its own words, or as it stands. */
static void end_saying(uint8_t exit_code, struct bytes line, struct bytes farewell) {
	if (farewell.length > 0) end_call(exit_code, "", farewell);
	else end_call(exit_code, "sshpool: ", line);
}

static void lose_agent(void) {
	static char text[PATH_MAX + 128];
	int length = snprintf(text, sizeof text, TEXT_AGENT_LOST, agent_log());
	if (length < 0) length = 0;
	struct bytes line = {(const uint8_t *)text, (size_t)length};
	end_call(EXIT_FAILURE_OF_OURS, "sshpool: ", line);
}

static void open_streams(bool with_input) {
	end_waiting();
	call.stage = OPENED;
	if (with_input) call.input = open_input();
	call.input_wanted = with_input;
}

static bool receive_opened(struct reader *body) {
	bool with_input = read_bool(body);
	bool with_terminal = read_bool(body);
	struct bytes escape = read_bytes(body);
	bool sends_signals = read_bool(body);
	if (!read_all(body) || call.stage != WAITING) return false;
	if (with_terminal && isatty(STDIN_FILENO)) {
		enter_raw_mode();
		watch_window_size();
		/* Nobody watched until now. */
		if (has_new_size()) send_window_size();
	}
	if (escape.length == 1)
		call.escapes = (struct escapes){.active = true, .character = *escape.at, .at_start = true};
	set_signal_duty(sends_signals ? SIGNALS_ARE_SENT : SIGNALS_END);
	open_streams(with_input);
	return true;
}

/* Only while nothing was read of standard input. */
static bool receive_delegate(struct reader *body) {
	struct bytes to = read_bytes(body);
	if (body->broken || call.stage != WAITING) return false;
	if (to.length == 3 && memcmp(to.at, "ssh", 3) == 0) delegate();
	hand_over();
}

static void close_input(void) {
	/* Once only: the number may be another file's afterwards. */
	if (call.input_closed) return;
	call.input_closed = true;
	/* Whoever writes to it gets SIGPIPE. */
	if (call.input > STDIN_FILENO) close(call.input);
	close(STDIN_FILENO);
	call.input = -1;
	call.input_wanted = false;
}

static bool receive_output(enum message number, struct reader *body) {
	bool kept;
	struct bytes data = read_bytes(body);
	struct output *to = &outputs[number == MESSAGE_STDERR];
	if (!read_all(body)) return false;
	end_waiting();
	size_t taken = output_write(to, data.at, data.length, &kept);
	if (kept) tell_taken(taken);
	return kept;
}

static bool receive_exited(struct reader *body) {
	uint8_t exit_code = read_u8(body);
	read_bytes(body);
	read_bytes(body);
	struct bytes line = read_bytes(body);
	struct bytes farewell = read_bytes(body);
	read_bool(body);
	for (int i = 0; i < 3; i++) read_u32(body);
	if (!read_all(body)) return false;
	end_saying(exit_code, line, farewell);
	return true;
}

static bool receive_failed(struct reader *body) {
	read_bytes(body);
	struct bytes line = read_bytes(body);
	struct bytes farewell = read_bytes(body);
	uint8_t exit_code = read_u8(body);
	if (!read_all(body)) return false;
	end_saying(exit_code, line, farewell);
	return true;
}

static bool receive_hello(struct reader *body) {
	uint32_t protocol = read_u32(body);
	/* An agent of another protocol has not begun the call. */
	if (!body->broken && protocol != PROTOCOL) hand_over();
	return !body->broken && !call.greeted;
}

static bool receive_accepted(struct reader *body) {
	struct bytes target = read_bytes(body);
	read_bool(body);
	bool quiet = read_bool(body);
	if (!read_all(body)) return false;
	call.sign_due = !quiet && isatty(STDERR_FILENO);
	snprintf(call.target, sizeof call.target, "%.*s", (int)(target.length & INT_MAX),
		(const char *)target.at);
	return true;
}

/* Acts on one message; false where the agent breaks the protocol by it. */
static bool receive(struct reader *body) {
	enum message number = read_u8(body);
	if (number == MESSAGE_HELLO) {
		bool legal = receive_hello(body);
		call.greeted = true;
		return legal;
	}
	if (!call.greeted) return false;
	switch (number) {
	case MESSAGE_ACCEPTED:
		return receive_accepted(body);
	case MESSAGE_ASK_ENVIRONMENT:
		answer_environment(body);
		return true;
	case MESSAGE_NOTE:
		print_line("", read_bytes(body));
		return read_all(body);
	case MESSAGE_OPENED:
		return receive_opened(body);
	case MESSAGE_WINDOW: {
		uint32_t bytes = read_u32(body);
		if (!read_all(body) || bytes > UINT32_MAX - call.granted) return false;
		call.granted += bytes;
		return true;
	}
	case MESSAGE_STDIN_CLOSED:
		close_input();
		return read_all(body);
	case MESSAGE_STDOUT:
	case MESSAGE_STDERR:
		/* Also before `opened`: RFC 4254 lets a server send before it replies. */
		return receive_output(number, body);
	case MESSAGE_EXITED:
		return receive_exited(body);
	case MESSAGE_FAILED:
		return receive_failed(body);
	case MESSAGE_DELEGATE:
		return receive_delegate(body);
	default:
		return true; /* a message of a newer agent that says nothing to us */
	}
}

/* Reads what is there and acts on it. */
void receive_all(void) {
	size_t room;
	uint8_t *space = frames_space(&arrived, &room);
	ssize_t got = read(call.agent, space, room);
	if (got < 0 && errno == EINTR) return;
	if (got <= 0) {
		lose_agent();
		return;
	}
	arrived.end += (size_t)got;
	while (call.stage != OVER) {
		struct reader body;
		enum frame_result result = next_frame(&arrived, &body);
		if (result == FRAME_NONE) return;
		if (result == FRAME_BROKEN || !receive(&body)) lose_agent();
	}
}
