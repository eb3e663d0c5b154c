/*
 * The launcher: `sshpool exec`, `ssh` and `shell` without the start of Node. It hands its words to the agent, which
 * reads them, and then moves bytes and signals. It has no options, no policy and no questions:
 * for all of that it becomes the Node client, before it has read a byte of standard input.
 *
 *   sshpool.c      main, and the loop of a call (its state: call.h)
 *   agent.c        connects to the agent, or starts it, with paths.c and lock.c
 *   sending.c      messages to the agent, with environment.c
 *   receiving.c    messages of the agent
 *   streams.c      standard input and output
 *   terminal.c     the terminal at standard input; escapes.c: what is typed there and not sent
 *   signals.c      signals, and the sign that we wait
 *   frames.c       frames and their fields; wire.h is generated from src/wire
 *   node.c         becomes a program under Node, or ssh
 */
#define _GNU_SOURCE

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "call.h"
#include "terminal.h"

/* A connect that is quicker needs no sign that something happens. */
enum { SIGN_AFTER_MS = 300 };

char **our_words;
struct call call = {.input = -1, .exit_code = EXIT_FAILURE_OF_OURS};
/* Not initialised here: the file would hold their rings. */
struct output outputs[2];

static bool is_pending(void) {
	return outputs[0].length + outputs[1].length > 0;
}

/* One round: waits for anything, then sees to all of it. */
static void step(void) {
	/* What is typed may become one byte more. */
	size_t least = call.escapes.active ? 2 : 1;
	bool reads = call.input_wanted && call.granted >= least && call.stage == OPENED;
	struct pollfd wait[] = {
		{.fd = signal_descriptor(), .events = POLLIN},
		{.fd = call.stage == OVER ? -1 : call.agent, .events = POLLIN},
		/* The descriptor we were given: for a named pipe that was opened again when its writer had
		   gone, Linux never tells of the end. */
		{.fd = reads ? STDIN_FILENO : -1, .events = POLLIN},
		{.fd = outputs[0].length > 0 ? outputs[0].writable : -1, .events = POLLOUT},
		{.fd = outputs[1].length > 0 ? outputs[1].writable : -1, .events = POLLOUT},
	};
	int ready = poll(wait, sizeof wait / sizeof wait[0], call.sign_due ? SIGN_AFTER_MS : -1);
	if (ready == 0) {
		call.sign_due = false;
		show_sign(call.target);
	}
	if (ready <= 0) return;
	if (wait[0].revents != 0) handle_signal();
	if (wait[3].revents != 0) tell_taken(output_flush(&outputs[0]));
	if (wait[4].revents != 0) tell_taken(without_own(output_flush(&outputs[1])));
	if (wait[1].revents != 0) receive_all();
	if (wait[2].revents == 0 || !call.input_wanted || call.stage != OPENED) return;
	if (call.escapes.active) send_typed();
	else send_input();
}

/* Descriptors 0 to 2 that are closed would else become our own. */
static void open_standard_streams(void) {
	for (int descriptor = 0; descriptor <= 2; descriptor++)
		if (fcntl(descriptor, F_GETFD) < 0 && open("/dev/null", O_RDWR) != descriptor)
			_exit(EXIT_FAILURE_OF_OURS);
}

/* A tool whose ssh we are gets its connection, if a slower one. */
static _Noreturn void do_without_agent(void) {
	fputs("sshpool: no agent can be had: this goes through ssh itself; sshpool agent start says why\n",
		stderr);
	become_ssh();
}

/* Called as ssh, we are `sshpool ssh`. */
static char **words_of(char *argv[]) {
	static char ssh[] = "ssh";
	const char *slash = strrchr(argv[0], '/');
	const char *name = slash == NULL ? argv[0] : slash + 1;
	if (strcmp(name, "ssh") != 0 && strcmp(name, "sshpool-ssh") != 0) return argv + 1;
	argv[0] = ssh;
	return argv;
}

static bool is_command(const char *name) {
	return our_words[0] != NULL && strcmp(our_words[0], name) == 0;
}

int main(int argc, char *argv[]) {
	our_words = argc > 0 ? words_of(argv) : argv;
	outputs[0].descriptor = STDOUT_FILENO;
	outputs[1].descriptor = STDERR_FILENO;
	open_standard_streams();
	bool is_ssh = is_command("ssh");
	if (!is_ssh && !is_command("exec") && !is_command("shell")) become_client();
	call.agent = connect_agent();
	if (call.agent < 0 && is_ssh) do_without_agent();
	if (call.agent < 0 || !catch_signals()) become_client();
	begin_call();
	while (call.stage != OVER || is_pending()) step();
	leave_raw_mode();
	print_last();
	while (is_pending()) step();
	return call.exit_code;
}
