/*
 * Signals, and the notice that the call waits. Before the remote command starts, a signal ends this
 * process, and erases the notice first. After that exec forwards the first signal to the command; ssh
 * and shell exit at once, as ssh does. The terminal is always restored.
 */
#define _GNU_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "launcher.h"

/* The signals with a name are forwarded. */
static const struct {
	int number;
	const char *name;
} ENDING[] = {{SIGINT, "INT"}, {SIGTERM, "TERM"}, {SIGHUP, "HUP"}};

enum { ENDING_COUNT = sizeof ENDING / sizeof ENDING[0] };

/* Further signals that end this process, which must leave raw mode first. */
static const int ENDING_TOO[] = {
	SIGQUIT, SIGALRM, SIGUSR1, SIGUSR2, SIGABRT, SIGSEGV, SIGBUS, SIGXCPU};

static const char ERASE_LINE[] = "\r\033[K";

static int signal_pipe[2];
static volatile sig_atomic_t signals_use;
static volatile sig_atomic_t size_waits;
static volatile sig_atomic_t sign_shown;
static bool pipe_taken;
static struct sigaction pipe_before;

static bool pass_on(int number) {
	uint8_t byte = (uint8_t)number;
	return write(signal_pipe[1], &byte, 1) == 1;
}

static void on_signal(int number) {
	int saved = errno;
	if (signals_use == FORWARD_FIRST && signal_name(number) != NULL) {
		signals_use = DIE;
		if (pass_on(number)) {
			errno = saved;
			return;
		}
	}
	if (sign_shown && write(STDERR_FILENO, ERASE_LINE, sizeof ERASE_LINE - 1) < 0) sign_shown = 0;
	lay_raw_mode_down();
	dismiss_asker();
	bool leaves = signal_name(number) != NULL || number == SIGQUIT;
	if (signals_use == LEAVE && leaves) _exit(EXIT_FAILURE_OF_OURS);
	/* Dying of the signal gives a shell the right status. */
	signal(number, SIG_DFL);
	raise(number);
	errno = saved;
}

static void on_resize(int number) {
	int saved = errno;
	/* Several signals count as one until it is handled. */
	if (!size_waits) size_waits = pass_on(number);
	errno = saved;
}

/* Restores the terminal for the shell before this process stops; enters raw mode again after
   SIGCONT. */
static void on_stop(int number) {
	int saved = errno;
	struct sigaction ours;
	struct sigaction stop = {.sa_handler = SIG_DFL};
	sigset_t set;
	sigset_t before;
	sigemptyset(&stop.sa_mask);
	sigemptyset(&set);
	sigaddset(&set, number);
	lay_raw_mode_down();
	stop_asker();
	sigaction(number, &stop, &ours);
	raise(number);
	/* This process stops here until SIGCONT. */
	sigprocmask(SIG_UNBLOCK, &set, &before);
	sigprocmask(SIG_SETMASK, &before, NULL);
	sigaction(number, &ours, NULL);
	take_raw_mode_up();
	continue_asker();
	on_resize(SIGWINCH);
	errno = saved;
}

/* Handles SIGCONT after SIGSTOP, which cannot be caught. */
static void on_continue(int number) {
	int saved = errno;
	renew_raw_mode();
	on_resize(SIGWINCH);
	errno = saved;
	(void)number;
}

/* Signals ignored at the start, as under nohup(1), stay ignored. */
static void catch_unless_ignored(int number, void (*handler)(int)) {
	struct sigaction before;
	struct sigaction action = {.sa_handler = handler};
	sigemptyset(&action.sa_mask);
	if (sigaction(number, NULL, &before) == 0 && before.sa_handler != SIG_IGN)
		sigaction(number, &action, NULL);
}

bool catch_signals(void) {
	struct sigaction ignore = {.sa_handler = SIG_IGN};
	if (pipe(signal_pipe) != 0) return false;
	for (int i = 0; i < 2; i++) fcntl(signal_pipe[i], F_SETFD, FD_CLOEXEC);
	sigemptyset(&ignore.sa_mask);
	/* A closed reader is reported as EPIPE. */
	pipe_taken = sigaction(SIGPIPE, &ignore, &pipe_before) == 0;
	for (size_t i = 0; i < ENDING_COUNT; i++) catch_unless_ignored(ENDING[i].number, on_signal);
	return true;
}

void use_signals(enum signals use) {
	signals_use = use;
	if (use == LEAVE) catch_unless_ignored(SIGQUIT, on_signal);
}

void catch_terminal_signals(void) {
	for (size_t i = 0; i < sizeof ENDING_TOO / sizeof ENDING_TOO[0]; i++)
		catch_unless_ignored(ENDING_TOO[i], on_signal);
	catch_unless_ignored(SIGTSTP, on_stop);
	catch_unless_ignored(SIGCONT, on_continue);
	catch_unless_ignored(SIGWINCH, on_resize);
}

void stop_forwarding(void) {
	if (signals_use == FORWARD_FIRST) signals_use = DIE;
}

int signal_descriptor(void) {
	return signal_pipe[0];
}

int caught_signal(void) {
	uint8_t number;
	if (read(signal_pipe[0], &number, 1) != 1) return 0;
	/* Cleared before the size is read, so that a later change is sent again. */
	if (number == SIGWINCH) size_waits = 0;
	return number;
}

const char *signal_name(int number) {
	for (size_t i = 0; i < ENDING_COUNT; i++)
		if (ENDING[i].number == number) return ENDING[i].name;
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

void give_signals_back(void) {
	/* exec(2) resets handlers, but not ignored signals. */
	if (pipe_taken) sigaction(SIGPIPE, &pipe_before, NULL);
}
