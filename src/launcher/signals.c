/*
 * Signals, and the sign that we wait. The first signal after the start of the remote command of an
 * exec goes to that, which may take its time; any other one ends us, and then neither the sign nor
 * raw mode must stay.
 */
#define _GNU_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "launcher.h"
#include "terminal.h"

static const struct {
	int number;
	const char *name;
} SIGNALS[] = {{SIGINT, "INT"}, {SIGTERM, "TERM"}, {SIGHUP, "HUP"}};

enum { SIGNAL_COUNT = sizeof SIGNALS / sizeof SIGNALS[0] };

static const char ERASE_LINE[] = "\r\033[K";

static int signal_pipe[2];
static volatile sig_atomic_t signal_duty;
static volatile sig_atomic_t sign_shown;
static struct sigaction pipe_before;

/* False where nobody will read it. */
static bool tell(int number) {
	uint8_t byte = (uint8_t)number;
	return write(signal_pipe[1], &byte, 1) == 1;
}

static void on_signal(int number) {
	int saved = errno;
	bool is_sent = signal_duty == SIGNALS_ARE_SENT;
	if (is_sent) signal_duty = SIGNALS_KILL;
	if (is_sent && tell(number)) {
		errno = saved;
		return;
	}
	leave_raw_mode();
	if (signal_duty == SIGNALS_END || number == SIGALRM) _exit(EXIT_FAILURE_OF_OURS);
	if (sign_shown && write(STDERR_FILENO, ERASE_LINE, sizeof ERASE_LINE - 1) < 0) sign_shown = 0;
	/* To die of the signal tells a shell the truth. */
	signal(number, SIG_DFL);
	raise(number);
	errno = saved;
}

static void on_window_size(int number) {
	int saved = errno;
	/* A full pipe has enough of them. */
	(void)!tell(number);
	errno = saved;
}

/* What was ignored when we came, as under nohup(1), stays so. */
static void handle(int number) {
	struct sigaction action = {.sa_handler = on_signal};
	struct sigaction before;
	sigemptyset(&action.sa_mask);
	if (sigaction(number, NULL, &before) == 0 && before.sa_handler != SIG_IGN)
		sigaction(number, &action, NULL);
}

bool catch_signals(void) {
	struct sigaction ignore = {.sa_handler = SIG_IGN};
	if (pipe(signal_pipe) != 0) return false;
	for (int i = 0; i < 2; i++) fcntl(signal_pipe[i], F_SETFD, FD_CLOEXEC);
	fcntl(signal_pipe[1], F_SETFL, O_NONBLOCK);
	sigemptyset(&ignore.sa_mask);
	/* A reader that has gone shows as EPIPE. */
	sigaction(SIGPIPE, &ignore, &pipe_before);
	for (size_t i = 0; i < SIGNAL_COUNT; i++) handle(SIGNALS[i].number);
	return true;
}

void set_signal_duty(enum signal_duty duty) {
	signal_duty = duty;
	if (duty == SIGNALS_END) handle(SIGQUIT);
}

void watch_window_size(void) {
	struct sigaction action = {.sa_handler = on_window_size};
	sigemptyset(&action.sa_mask);
	sigaction(SIGWINCH, &action, NULL);
}

void end_in(unsigned seconds) {
	handle(SIGALRM);
	alarm(seconds);
}

int signal_descriptor(void) {
	return signal_pipe[0];
}

int caught_signal(void) {
	uint8_t number;
	return read(signal_pipe[0], &number, 1) == 1 ? number : 0;
}

const char *signal_name(int number) {
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

/* Handlers of ours end with us; what is ignored would not. */
static void forget_signals(void) {
	end_sign();
	sigaction(SIGPIPE, &pipe_before, NULL);
}

_Noreturn void hand_over(void) {
	forget_signals();
	become_client();
}

_Noreturn void delegate(void) {
	forget_signals();
	become_ssh();
}
