/*
 * The launcher: `sshpool exec` without the start of Node. It hands its words to the agent, which
 * reads them, and then moves bytes and signals. It has no options, no policy and no questions:
 * for all of that it becomes the Node client, before it has read a byte of standard input.
 *
 *   sshpool.c   the call: messages, signals, the end
 *   agent.c     connects to the agent, or starts it
 *   node.c      becomes a program under Node
 *   streams.c   standard input and output
 *   frames.c    frames and their fields; wire.h is generated from src/wire/protocol.ts
 */
#define _GNU_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "frames.h"
#include "launcher.h"

/* A connect that is quicker needs no sign that something happens. */
enum { SIGN_AFTER_MS = 300 };
/* Read at a time from standard input: with its frame just half of what the agent reads at a time,
   and one packet of SSH, so that nothing has to be put together again. */
enum { INPUT_PORTION = 32 * 1024 - FRAME_LENGTH_BYTES - 1 - 4 };
/* Bytes taken are told in portions: a window of the agent has many of them. */
enum { TAKEN_PORTION = 128 * 1024 };

extern char **environ;
int our_argc;
char **our_argv;

enum stage { WAITING, OPENED, OVER };

static struct call {
	int agent;
	enum stage stage;
	bool greeted;
	int exit_code;
	/* Standard input: what to read it from, and how many bytes may be sent. */
	int input;
	bool input_wanted;
	bool input_closed;
	uint32_t granted;
	/* Bytes of output that left our hands and of which the agent does not know yet. */
	size_t taken;
	/* Of our own lines, bytes that wait among those of stderr. */
	size_t uncounted;
	bool stdout_closed_told;
	/* Whom we wait for, and whether to say so when that takes long. */
	bool sign_due;
	char target[256];
} call = {.input = -1, .exit_code = EXIT_FAILURE_OF_OURS};

/* stdout and stderr. Not initialised here: the file would hold their rings. */
static struct output outputs[2];
static struct frames arrived;
static struct writer message;

/* Signals. */

static int signal_pipe[2];
static volatile sig_atomic_t forwards_signals;
static volatile sig_atomic_t sign_shown;

static const struct {
	int number;
	const char *name;
} SIGNALS[] = {{SIGINT, "INT"}, {SIGTERM, "TERM"}, {SIGHUP, "HUP"}};

enum { SIGNAL_COUNT = sizeof SIGNALS / sizeof SIGNALS[0] };

static struct sigaction pipe_before;

static const char ERASE_LINE[] = "\r\033[K";

/* The first signal goes to the remote command, which may take its time; the second ends us. */
static void on_signal(int number) {
	int saved = errno;
	if (forwards_signals) {
		uint8_t byte = (uint8_t)number;
		forwards_signals = 0;
		if (write(signal_pipe[1], &byte, 1) == 1) {
			errno = saved;
			return;
		}
	}
	if (sign_shown && write(STDERR_FILENO, ERASE_LINE, sizeof ERASE_LINE - 1) < 0) sign_shown = 0;
	/* To die of the signal tells a shell the truth. */
	signal(number, SIG_DFL);
	raise(number);
	errno = saved;
}

/* What was ignored when we came, as under nohup(1), stays so. */
static void catch_signals(void) {
	struct sigaction action = {.sa_handler = on_signal};
	struct sigaction ignore = {.sa_handler = SIG_IGN};
	sigemptyset(&action.sa_mask);
	sigemptyset(&ignore.sa_mask);
	/* A reader that has gone shows as EPIPE. */
	sigaction(SIGPIPE, &ignore, &pipe_before);
	for (size_t i = 0; i < SIGNAL_COUNT; i++) {
		struct sigaction before;
		if (sigaction(SIGNALS[i].number, NULL, &before) == 0 && before.sa_handler != SIG_IGN)
			sigaction(SIGNALS[i].number, &action, NULL);
	}
}

/* The sign that we wait. */

static void end_sign(void) {
	call.sign_due = false;
	if (!sign_shown) return;
	sign_shown = 0;
	fputs(ERASE_LINE, stderr);
}

/* The Node client makes the call anew; handlers of ours end with us. */
static _Noreturn void hand_over(void) {
	end_sign();
	sigaction(SIGPIPE, &pipe_before, NULL);
	become_client();
}

/* Messages to the agent. */

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

/* As matchesEnv of protocol.ts: * and ? are wildcards, everything else stands for itself. */
static bool matches(const char *name, size_t length, const char *pattern, size_t pattern_length) {
	for (; pattern_length > 0; pattern++, pattern_length--) {
		if (*pattern == '*') {
			for (size_t skip = 0; skip <= length; skip++)
				if (matches(name + skip, length - skip, pattern + 1, pattern_length - 1))
					return true;
			return false;
		}
		if (length == 0 || (*pattern != '?' && *pattern != *name)) return false;
		name++;
		length--;
	}
	return length == 0;
}

typedef bool wanted(const char *name, size_t length, const void *patterns);

static const char *const ALLOWED[] = CALLER_ENV;

static bool is_allowed(const char *name, size_t length, const void *unused) {
	(void)unused;
	for (size_t i = 0; i < sizeof ALLOWED / sizeof ALLOWED[0]; i++)
		if (matches(name, length, ALLOWED[i], strlen(ALLOWED[i]))) return true;
	return false;
}

/* `patterns` is a reader at the count of a list. */
static bool is_asked_for(const char *name, size_t length, const void *patterns) {
	struct reader list = *(const struct reader *)patterns;
	for (uint32_t left = read_u32(&list); left > 0 && !list.broken; left--) {
		struct bytes pattern = read_bytes(&list);
		if (pattern.at && matches(name, length, (const char *)pattern.at, pattern.length))
			return true;
	}
	return false;
}

static void write_environment(wanted *is_wanted, const void *patterns) {
	size_t position = message.length;
	uint32_t count = 0;
	write_u32(&message, 0);
	for (char **entry = environ; *entry != NULL; entry++) {
		const char *equals = strchr(*entry, '=');
		if (equals == NULL || !is_wanted(*entry, (size_t)(equals - *entry), patterns)) continue;
		write_text(&message, *entry);
		count++;
	}
	patch_u32(&message, position, count);
}

/* hello and exec leave together; what is too long for that goes to the Node client. */
static void begin_call(void) {
	char directory[PATH_MAX];
	if (getcwd(directory, sizeof directory) == NULL) hand_over();
	begin_frame(&message, MESSAGE_HELLO);
	write_u32(&message, PROTOCOL);
	write_text(&message, VERSION);
	write_u32(&message, 1);
	write_text(&message, "delegate");
	end_frame(&message);
	begin_frame(&message, MESSAGE_EXEC);
	write_u32(&message, (uint32_t)(our_argc - 2));
	for (int i = 2; i < our_argc; i++) write_text(&message, our_argv[i]);
	write_text(&message, directory);
	write_environment(is_allowed, NULL);
	int terminals = 0;
	for (int descriptor = 0; descriptor <= 2; descriptor++)
		terminals |= isatty(descriptor) << descriptor;
	write_u8(&message, (uint8_t)terminals);
	end_frame(&message);
	if (message.full) hand_over();
	send_message();
}

static void tell_taken(size_t bytes) {
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

static void send_signal(void) {
	uint8_t number;
	if (read(signal_pipe[0], &number, 1) != 1) return;
	for (size_t i = 0; i < SIGNAL_COUNT; i++) {
		if (SIGNALS[i].number != number) continue;
		begin_frame(&message, MESSAGE_SIGNAL);
		write_text(&message, SIGNALS[i].name);
		end_frame(&message);
		send_message();
	}
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

static void send_input(void) {
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

/* Messages of the agent. */

static void print_line(const char *prefix, struct bytes line) {
	bool kept;
	end_sign();
	if (line.length == 0) return;
	size_t before = outputs[1].length;
	output_write(&outputs[1], (const uint8_t *)prefix, strlen(prefix), &kept);
	output_write(&outputs[1], line.at, line.length, &kept);
	output_write(&outputs[1], (const uint8_t *)"\n", 1, &kept);
	/* Where its reader has gone nothing waits any more. */
	if (outputs[1].length > before) call.uncounted += outputs[1].length - before;
}

/* What left stderr's queue, less what of it was never the agent's. */
static size_t without_own(size_t flushed) {
	size_t own = flushed < call.uncounted ? flushed : call.uncounted;
	call.uncounted -= own;
	return flushed - own;
}

static void end_call(uint8_t exit_code) {
	call.exit_code = exit_code;
	call.stage = OVER;
	forwards_signals = 0;
}

static void lose_agent(void) {
	char text[PATH_MAX + 128];
	int length = snprintf(text, sizeof text, TEXT_AGENT_LOST, agent_log());
	if (length < 0) length = 0;
	print_line("sshpool: ", (struct bytes){(const uint8_t *)text, (size_t)length});
	end_call(EXIT_FAILURE_OF_OURS);
}

static void open_streams(bool with_input) {
	end_sign();
	call.stage = OPENED;
	forwards_signals = 1;
	if (with_input) call.input = open_input();
	call.input_wanted = with_input;
}

static bool receive_output(enum message number, struct reader *body) {
	bool kept;
	struct bytes data = read_bytes(body);
	struct output *to = &outputs[number == MESSAGE_STDERR];
	if (!read_all(body)) return false;
	size_t taken = output_write(to, data.at, data.length, &kept);
	if (kept) tell_taken(taken);
	return kept;
}

static bool receive_exited(struct reader *body) {
	uint8_t exit_code = read_u8(body);
	read_bytes(body);
	read_bytes(body);
	struct bytes line = read_bytes(body);
	read_bool(body);
	for (int i = 0; i < 3; i++) read_u32(body);
	if (!read_all(body)) return false;
	print_line("sshpool: ", line);
	end_call(exit_code);
	return true;
}

static bool receive_failed(struct reader *body) {
	read_bytes(body);
	struct bytes line = read_bytes(body);
	uint8_t exit_code = read_u8(body);
	if (!read_all(body)) return false;
	print_line("sshpool: ", line);
	end_call(exit_code);
	return true;
}

static void answer_environment(const struct reader *patterns) {
	begin_frame(&message, MESSAGE_ENVIRONMENT);
	write_environment(is_asked_for, patterns);
	end_frame(&message);
	if (message.full) hand_over();
	send_message();
}

static bool receive_hello(struct reader *body) {
	uint32_t protocol = read_u32(body);
	/* An agent of another protocol has not begun the call. */
	if (!body->broken && protocol != PROTOCOL) hand_over();
	return !body->broken && !call.greeted;
}

static void show_sign(void) {
	call.sign_due = false;
	sign_shown = 1;
	fprintf(stderr, "connecting to %s", call.target);
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
	case MESSAGE_OPENED: {
		bool with_input = read_bool(body);
		if (!read_all(body) || call.stage != WAITING) return false;
		open_streams(with_input);
		return true;
	}
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
		if (call.stage != WAITING) return false;
		hand_over();
	default:
		return true; /* a message of a newer agent that says nothing to us */
	}
}

/* Reads what is there and acts on it. */
static void receive_all(void) {
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

/* The loop. */

static bool is_pending(void) {
	return outputs[0].length + outputs[1].length > 0;
}

/* One round: waits for anything, then sees to all of it. */
static void step(void) {
	bool reads = call.input_wanted && call.granted > 0 && call.stage == OPENED;
	struct pollfd wait[] = {
		{.fd = signal_pipe[0], .events = POLLIN},
		{.fd = call.stage == OVER ? -1 : call.agent, .events = POLLIN},
		/* The descriptor we were given: for a named pipe that was opened again when its writer had
		   gone, Linux never tells of the end. */
		{.fd = reads ? STDIN_FILENO : -1, .events = POLLIN},
		{.fd = outputs[0].length > 0 ? outputs[0].writable : -1, .events = POLLOUT},
		{.fd = outputs[1].length > 0 ? outputs[1].writable : -1, .events = POLLOUT},
	};
	int ready = poll(wait, sizeof wait / sizeof wait[0], call.sign_due ? SIGN_AFTER_MS : -1);
	if (ready == 0) show_sign();
	if (ready <= 0) return;
	if (wait[0].revents != 0) send_signal();
	if (wait[3].revents != 0) tell_taken(output_flush(&outputs[0]));
	if (wait[4].revents != 0) tell_taken(without_own(output_flush(&outputs[1])));
	if (wait[1].revents != 0) receive_all();
	if (wait[2].revents != 0 && call.input_wanted && call.stage == OPENED) send_input();
}

/* Descriptors 0 to 2 that are closed would else become our own. */
static void open_standard_streams(void) {
	for (int descriptor = 0; descriptor <= 2; descriptor++)
		if (fcntl(descriptor, F_GETFD) < 0 && open("/dev/null", O_RDWR) != descriptor)
			_exit(EXIT_FAILURE_OF_OURS);
}

static void make_signal_pipe(void) {
	if (pipe(signal_pipe) != 0) become_client();
	for (int i = 0; i < 2; i++) fcntl(signal_pipe[i], F_SETFD, FD_CLOEXEC);
}

int main(int argc, char *argv[]) {
	our_argc = argc;
	our_argv = argv;
	outputs[0].descriptor = STDOUT_FILENO;
	outputs[1].descriptor = STDERR_FILENO;
	open_standard_streams();
	if (argc < 2 || strcmp(argv[1], "exec") != 0) become_client();
	call.agent = connect_agent();
	if (call.agent < 0) become_client();
	make_signal_pipe();
	catch_signals();
	begin_call();
	while (call.stage != OVER || is_pending()) step();
	return call.exit_code;
}
