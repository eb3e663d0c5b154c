/*
 * The launcher: `sshpool exec`, `ssh` and `shell` without starting Node. It sends its arguments to the
 * agent, which parses them, and then passes data, signals, answers and the size of the terminal. It has
 * no options and no policy: for these it becomes the program under Node, or the real ssh where ssh has
 * to make a call of `ssh`, before it has read a byte of standard input.
 *
 *   sshpool.c      main, and the loop of a call (its state: call.h)
 *   words.c        the command line
 *   script.c       bin/sshpool where it is a script, which starts the launcher
 *   agent.c        connects to the agent, or starts it, with paths.c, lock.c and agent-process.c
 *   sending.c      messages to the agent, with environment.c, place.c and modes.c
 *   receiving.c    messages of the agent
 *   asking.c       questions for the person, put by a program under Node
 *   input.c        standard input, with escapes.c
 *   streams.c      standard input and output as descriptors
 *   lines.c        the launcher's own lines on standard error
 *   terminal.c     the size of the terminal, and raw mode
 *   signals.c      signals, and the notice that the call waits
 *   frames.c       frames and their fields; wire.h is generated from src/wire
 *   node.c         becomes a program under Node
 *   real-ssh.c     becomes the real ssh, with plain-ssh.c for the arguments of exec and shell
 */
#define _GNU_SOURCE

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "call.h"

/* A faster connect needs no notice. */
enum { SIGN_AFTER_MS = 300 };
/* How many times a call is tried if the agent closes without a hello, as in src/client/call/versions.ts;
   each time after a longer pause. */
enum { MAX_ATTEMPTS = 5, AGAIN_MS = 20 };

struct call call = {.input = -1, .log = -1, .exit_code = EXIT_FAILURE_OF_OURS};
/* Not initialised here: the executable would contain their ring buffers. */
struct output outputs[2];

static int64_t began_at;

static bool is_pending(void) {
	return outputs[0].length + outputs[1].length > 0;
}

/* The time until which the agent may be silent. */
static int64_t doubtful_at(void) {
	bool runs = call.stage == OPENED;
	return call.heard_at + (runs ? AGENT_RUNNING_PATIENCE_MS : AGENT_PATIENCE_MS);
}

/* The timeout for poll(2), in milliseconds; -1 for none. */
static int patience(void) {
	if (call.disconnect_by != 0 && call.stage != OVER) {
		int64_t left = call.disconnect_by - now_ms();
		return left > 0 ? (int)left : 0;
	}
	if (call.stage == OVER) return -1;
	if (call.sign_due) return SIGN_AFTER_MS;
	int64_t left = doubtful_at() - now_ms();
	return left > 0 ? (int)left : 0;
}

/* No message for a while: sends a ping, or gives the agent up if it has not answered the hello or a
   ping. */
static void doubt_agent(void) {
	if (call.stage == OVER || now_ms() < doubtful_at()) return;
	if (call.asked || !call.greeted) {
		lose_agent(true);
		return;
	}
	call.asked = true;
	call.heard_at = now_ms();
	send_plain(MESSAGE_PING);
}

/* One round of the event loop. */
static void step(void) {
	bool reads = call.input_wanted && input_room() > 0 && call.stage == OPENED;
	struct pollfd wait[] = {
		{.fd = signal_descriptor(), .events = POLLIN},
		{.fd = call.stage == OVER ? -1 : call.agent, .events = POLLIN},
		/* The inherited descriptor: for a named pipe that was opened again after its writer had
		   closed, Linux never reports end of file. */
		{.fd = reads ? STDIN_FILENO : -1, .events = POLLIN},
		{.fd = outputs[0].length > 0 ? outputs[0].writable : -1, .events = POLLOUT},
		{.fd = outputs[1].length > 0 ? outputs[1].writable : -1, .events = POLLOUT},
		{.fd = call.stage == OVER ? -1 : asker_descriptor(), .events = POLLIN},
	};
	int ready = poll(wait, sizeof wait / sizeof wait[0], patience());
	if (call.disconnect_by != 0 && call.stage != OVER && now_ms() >= call.disconnect_by) {
		lose_agent(true);
		return;
	}
	if (ready == 0 && call.sign_due) {
		call.sign_due = false;
		show_sign(call.target);
	}
	if (ready == 0) doubt_agent();
	if (ready <= 0) return;
	if (wait[0].revents != 0) send_signal();
	if (wait[3].revents != 0) tell_taken(output_flush(&outputs[0]));
	if (wait[4].revents != 0) tell_taken(without_own(output_flush(&outputs[1])));
	if (wait[5].revents != 0) receive_answer();
	if (wait[1].revents != 0) receive_all();
	if (wait[2].revents != 0 && call.input_wanted && call.stage == OPENED) send_input();
}

/* Otherwise files opened later would get the closed descriptors 0 to 2. */
static void open_standard_streams(void) {
	for (int descriptor = 0; descriptor <= 2; descriptor++)
		if (fcntl(descriptor, F_GETFD) < 0 && open("/dev/null", O_RDWR) != descriptor)
			_exit(EXIT_FAILURE_OF_OURS);
}

static bool is_ours(void) {
	return is_our_command("exec") || is_our_command("ssh") || is_our_command("shell");
}

_Noreturn void do_without_agent(const char *code, const char *why) {
	static char given_up[PATH_MAX + 512];
	end_sign();
	if (is_our_command("ssh")) {
		fprintf(stderr, "sshpool: %s; this call goes through ssh itself\n", why);
		become_ssh(our_words + 1, our_count - 1);
	}
	if (!client_runs()) become_plain_ssh(why);
	if (code != NULL) {
		long long waited = (long long)(now_ms() - began_at);
		snprintf(given_up, sizeof given_up, "%s %lld %s", code, waited, why);
		setenv(AGENT_GIVEN_UP, given_up, 1);
	}
	hand_over();
}

/* No agent runs, and none could be started. */
static _Noreturn void do_without_any(void) {
	static char text[PATH_MAX + 256];
	const char *lock = agent_lock_held();
	if (lock == NULL) do_without_agent(NULL, "no agent");
	snprintf(text, sizeof text, TEXT_LOCK_HELD, lock);
	do_without_agent("LOCK_HELD", text);
}

void call_again(void) {
	static int attempts = 1;
	close(call.agent);
	if (attempts == MAX_ATTEMPTS) do_without_any();
	poll(NULL, 0, attempts++ * AGAIN_MS);
	call.agent = connect_agent();
	if (call.agent < 0) do_without_any();
	begin_call();
}

void replace_agent(void) {
	send_plain(MESSAGE_RETIRE);
	close(call.agent);
	/* The program under Node reports why not. */
	if (!agent_retires()) hand_over();
	call.agent = connect_agent();
	if (call.agent < 0) do_without_any();
	begin_call();
}

int main(int argc, char *argv[]) {
	began_at = now_ms();
	read_script();
	find_words(argc, argv, called_as());
	outputs[0].descriptor = STDOUT_FILENO;
	outputs[1].descriptor = STDERR_FILENO;
	open_standard_streams();
	if (!is_ours()) become_client();
	/* Made by a script that this program ran as ssh. */
	if (is_our_command("ssh") && getenv(SSH_TRIED) != NULL) become_ssh(our_words + 1, our_count - 1);
	call.agent = connect_agent();
	if (call.agent < 0 || !catch_signals()) do_without_any();
	begin_call();
	/* While the agent works. */
	replace_script();
	while (call.stage != OVER || is_pending()) step();
	leave_raw_mode();
	print_last();
	while (is_pending()) step();
	return call.exit_code;
}
