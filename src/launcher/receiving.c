/* Receives the agent's messages and acts on them. */
#define _GNU_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "call.h"

static struct frames arrived;

void lose_agent(bool silent) {
	if (!call.greeted && !silent) {
		arrived.start = arrived.end = 0;
		call_again();
		return;
	}
	static char text[PATH_MAX + 256];
	int length = silent ? snprintf(text, sizeof text, TEXT_AGENT_SILENT, agent_log())
			    : snprintf(text, sizeof text, TEXT_AGENT_LOST, agent_log());
	if (length < 0) length = 0;
	if (call.stage == WAITING && !call.may_have_run) {
		do_without_agent(silent ? "AGENT_SILENT" : NULL, text);
	}
	struct bytes line = {(const uint8_t *)text, (size_t)length};
	end_call(EXIT_FAILURE_OF_OURS, "sshpool: ", line);
}

static bool receive_opened(struct reader *body) {
	bool with_input = read_bool(body);
	bool terminal = read_bool(body);
	struct bytes escape = read_bytes(body);
	bool signals = read_bool(body);
	if (!read_all(body) || call.stage != WAITING || escape.length > 1) return false;
	end_waiting();
	end_questions();
	call.stage = OPENED;
	/* From here on giving up would lose a running command. */
	bound_sends(call.agent, AGENT_RUNNING_PATIENCE_MS);
	use_signals(signals ? FORWARD_FIRST : LEAVE);
	call.escapes.active = escape.length > 0;
	if (escape.length > 0) call.escapes.character = *escape.at;
	if (with_input) call.input = open_input();
	call.input_wanted = with_input;
	/* Without stdin nothing can be typed into the remote terminal, and the local one stays as it
	   is, as with ssh. */
	if (terminal && with_input && isatty(STDIN_FILENO)) {
		catch_terminal_signals();
		enter_raw_mode();
		send_new_size();
	}
	return true;
}

static void close_input(void) {
	/* Only once: the descriptor number may be reused afterwards. */
	if (call.input_closed) return;
	call.input_closed = true;
	call.input_wanted = false;
	/* A terminal still has to be restored, and no program writes to it. */
	if (in_raw_mode()) return;
	/* The writer of this input gets SIGPIPE. */
	if (call.input > STDIN_FILENO) close(call.input);
	close(STDIN_FILENO);
	call.input = -1;
}

static bool receive_output(enum message number, struct reader *body) {
	bool kept;
	struct bytes data = read_bytes(body);
	struct output *to = &outputs[number == MESSAGE_STDERR];
	if (!read_all(body)) return false;
	end_waiting();
	/* After the user has disconnected, further output is dropped. */
	if (call.disconnect_by != 0) return true;
	size_t taken = output_write(to, data.at, data.length, &kept);
	if (kept) tell_taken(taken);
	return kept;
}

/* Not a log entry. */
static bool receive_words(struct reader *body) {
	struct bytes text = read_bytes(body);
	if (!read_all(body)) return false;
	end_waiting();
	print_own(text.at, text.length);
	return true;
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
	if (farewell.length > 0) end_session(exit_code, farewell);
	else end_call(exit_code, "sshpool: ", line);
	return true;
}

static bool receive_failed(struct reader *body) {
	read_bytes(body);
	struct bytes line = read_bytes(body);
	struct bytes farewell = read_bytes(body);
	uint8_t exit_code = read_u8(body);
	if (!read_all(body)) return false;
	/* `farewell` is a message of ssh, `line` one of sshpool. */
	if (farewell.length > 0) end_call(exit_code, "", farewell);
	else end_call(exit_code, "sshpool: ", line);
	return true;
}

static bool receive_hello(struct reader *body) {
	uint32_t protocol = read_u32(body);
	if (body->broken || call.greeted) return false;
	/* An agent of another protocol does not begin the call. */
	if (protocol > PROTOCOL) hand_over();
	if (protocol < PROTOCOL) {
		arrived.start = arrived.end = 0;
		replace_agent();
		return true;
	}
	call.greeted = true;
	return true;
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

/* If the file cannot be opened, ssh reports it. */
static bool receive_log(struct reader *body) {
	char path[PATH_MAX];
	struct bytes file = read_bytes(body);
	if (!read_all(body) || call.stage != WAITING) return false;
	if (file.length < sizeof path && call.log < 0) {
		snprintf(path, sizeof path, "%.*s", (int)file.length, (const char *)file.at);
		/* As log_redirect_stderr_to (log.c). */
		call.log = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, S_IRUSR | S_IWUSR);
	}
	if (call.log < 0) become_ssh(our_words + 1, our_count - 1);
	return true;
}

/* `list` is positioned at the count of the arguments. */
static _Noreturn void delegate_to_ssh(struct reader list) {
	uint32_t count = read_u32(&list);
	/* The count is plausible: each argument takes at least four bytes of the message, which was
	   checked. */
	char **arguments = calloc((size_t)count + 1, sizeof *arguments);
	for (uint32_t i = 0; arguments != NULL && i < count; i++) {
		struct bytes argument = read_bytes(&list);
		arguments[i] = strndup((const char *)argument.at, argument.length);
		if (arguments[i] == NULL) break;
	}
	if (arguments == NULL) count = 0;
	become_ssh(arguments, count);
}

static bool receive_delegate(struct reader *body) {
	struct bytes to = read_bytes(body);
	struct reader arguments = *body;
	for (uint32_t left = read_u32(body); left > 0 && !body->broken; left--) read_bytes(body);
	if (!read_all(body) || call.stage != WAITING) return false;
	if (to.length == 3 && memcmp(to.at, "ssh", 3) == 0) delegate_to_ssh(arguments);
	hand_over();
}

/* While the command runs, the terminal is the remote's. */
static bool receive_ask(struct reader *body) {
	uint32_t id = read_u32(body);
	struct bytes text = read_bytes(body);
	bool echo = read_bool(body);
	if (!read_all(body) || call.stage != WAITING) return false;
	end_waiting();
	return add_question(id, text, echo);
}

/* Acts on one message; false if it violates the protocol. */
static bool receive(struct reader *body) {
	enum message number = read_u8(body);
	if (number == MESSAGE_HELLO) return receive_hello(body);
	if (!call.greeted) return false;
	switch (number) {
	case MESSAGE_ACCEPTED:
		return receive_accepted(body);
	case MESSAGE_ASK_ENVIRONMENT:
		answer_environment(body);
		return true;
	case MESSAGE_NOTE:
		log_line("", read_bytes(body));
		return read_all(body);
	case MESSAGE_WORDS:
		return receive_words(body);
	case MESSAGE_LOG:
		return receive_log(body);
	case MESSAGE_STARTING:
		call.may_have_run = true;
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
	case MESSAGE_ASK:
		return receive_ask(body);
	default:
		return true; /* an unknown message of a newer agent */
	}
}

void receive_all(void) {
	size_t room;
	uint8_t *space = frames_space(&arrived, &room);
	ssize_t got = read(call.agent, space, room);
	if (got < 0 && errno == EINTR) return;
	if (got <= 0) {
		lose_agent(false);
		return;
	}
	arrived.end += (size_t)got;
	call.asked = false;
	call.heard_at = now_ms();
	while (call.stage != OVER) {
		struct reader body;
		enum frame_result result = next_frame(&arrived, &body);
		if (result == FRAME_NONE) return;
		if (result == FRAME_BROKEN || !receive(&body)) lose_agent(false);
	}
}
