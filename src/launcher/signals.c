/*
 * Signals, and the sign that we wait. The first signal after the start of the remote command goes to
 * that, which may take its time; any other one ends us, and then the sign must not stay on the line.
 */
#define _GNU_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "launcher.h"

static const struct {
	int number;
	const char *name;
} SIGNALS[] = {{SIGINT, "INT"}, {SIGTERM, "TERM"}, {SIGHUP, "HUP"}};

enum { SIGNAL_COUNT = sizeof SIGNALS / sizeof SIGNALS[0] };

static const char ERASE_LINE[] = "\r\033[K";

static int signal_pipe[2];
static volatile sig_atomic_t forwards_signals;
static volatile sig_atomic_t sign_shown;
static struct sigaction pipe_before;

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

bool catch_signals(void) {
	struct sigaction action = {.sa_handler = on_signal};
	struct sigaction ignore = {.sa_handler = SIG_IGN};
	if (pipe(signal_pipe) != 0) return false;
	for (int i = 0; i < 2; i++) fcntl(signal_pipe[i], F_SETFD, FD_CLOEXEC);
	sigemptyset(&action.sa_mask);
	sigemptyset(&ignore.sa_mask);
	/* A reader that has gone shows as EPIPE. */
	sigaction(SIGPIPE, &ignore, &pipe_before);
	for (size_t i = 0; i < SIGNAL_COUNT; i++) {
		struct sigaction before;
		/* What was ignored when we came, as under nohup(1), stays so. */
		if (sigaction(SIGNALS[i].number, NULL, &before) == 0 && before.sa_handler != SIG_IGN)
			sigaction(SIGNALS[i].number, &action, NULL);
	}
	return true;
}

void forward_next_signal(bool forward) {
	forwards_signals = forward;
}

int signal_descriptor(void) {
	return signal_pipe[0];
}

const char *caught_signal(void) {
	uint8_t number;
	if (read(signal_pipe[0], &number, 1) != 1) return NULL;
	for (size_t i = 0; i < SIGNAL_COUNT; i++)
		if (SIGNALS[i].number == number) return SIGNALS[i].name;
	return NULL;
}

void show_sign(const char *target) {
	sign_shown = 1;
	fprintf(stderr, "connecting to %s", target);
}

void end_sign(void) {
	if (!sign_shown) return;
	sign_shown = 0;
	fputs(ERASE_LINE, stderr);
}

_Noreturn void hand_over(void) {
	end_sign();
	/* Handlers of ours end with us; what is ignored would not. */
	sigaction(SIGPIPE, &pipe_before, NULL);
	become_client();
}
