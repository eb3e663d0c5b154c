/*
 * The terminal at standard input: its size, its modes, and raw mode, in which the remote terminal
 * processes the input instead. Restores the terminal however this process ends.
 */
#define _GNU_SOURCE

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "launcher.h"

/* The modes found at the start, and those of raw mode. */
static struct termios found;
static struct termios raw;
/* Whether the terminal may be in raw mode, for handlers that restore it; and whether it must be
   after SIGCONT. */
static volatile sig_atomic_t is_raw;
static volatile sig_atomic_t raw_wanted;
static struct winsize told;

void write_size(struct writer *to) {
	struct winsize size = {0};
	if (ioctl(STDIN_FILENO, TIOCGWINSZ, &size) != 0) size = (struct winsize){0};
	told = size;
	write_u32(to, size.ws_col);
	write_u32(to, size.ws_row);
	write_u32(to, size.ws_xpixel);
	write_u32(to, size.ws_ypixel);
}

void write_terminals(struct writer *to) {
	struct termios modes;
	bool at_input = tcgetattr(STDIN_FILENO, &modes) == 0;
	write_u8(to, (uint8_t)(at_input | isatty(STDOUT_FILENO) << 1 | isatty(STDERR_FILENO) << 2));
	if (at_input) {
		write_size(to);
		write_modes(to, &modes);
		return;
	}
	for (int i = 0; i < 4; i++) write_u32(to, 0);
	write_text(to, "");
}

bool size_has_changed(void) {
	struct winsize size;
	if (ioctl(STDIN_FILENO, TIOCGWINSZ, &size) != 0) return false;
	return size.ws_col != told.ws_col || size.ws_row != told.ws_row ||
		size.ws_xpixel != told.ws_xpixel || size.ws_ypixel != told.ws_ypixel;
}

static void set(int when, const struct termios *modes) {
	while (tcsetattr(STDIN_FILENO, when, modes) != 0 && errno == EINTR) continue;
}

/* Whether this process is in the foreground. In the background another program uses the terminal:
   its modes must not change, and trying to change them would stop this process. */
static bool is_ours(void) {
	pid_t foreground = tcgetpgrp(STDIN_FILENO);
	return foreground < 0 || foreground == getpgrp();
}

/* Also called by a signal handler. */
static void make_raw(void) {
	struct termios modes;
	/* In the background this stops the process until it is in the foreground, as changing the modes
	   would; the modes are read only after that, because a shell at its prompt has its own. */
	while (tcdrain(STDIN_FILENO) != 0 && errno == EINTR) continue;
	if (tcgetattr(STDIN_FILENO, &modes) != 0) return;
	found = modes;
	/* As in ssh. */
	raw = modes;
	raw.c_iflag |= IGNPAR;
	raw.c_iflag &= ~(tcflag_t)(ISTRIP | INLCR | IGNCR | ICRNL | IXON | IXANY | IXOFF);
#ifdef IUCLC
	raw.c_iflag &= ~(tcflag_t)IUCLC;
#endif
	raw.c_lflag &= ~(tcflag_t)(ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHONL | IEXTEN);
	raw.c_oflag &= ~(tcflag_t)OPOST;
	raw.c_cc[VMIN] = 1;
	raw.c_cc[VTIME] = 0;
	is_raw = 1;
	set(TCSADRAIN, &raw);
}

void enter_raw_mode(void) {
	atexit(leave_raw_mode);
	raw_wanted = 1;
	make_raw();
}

bool in_raw_mode(void) {
	return is_raw;
}

void leave_raw_mode(void) {
	raw_wanted = 0;
	if (!is_raw) return;
	if (is_ours()) set(TCSADRAIN, &found);
	is_raw = 0;
}

void lay_raw_mode_down(void) {
	/* Not TCSADRAIN: a terminal that accepts no output must not keep this process from ending. */
	if (is_raw && is_ours()) set(TCSANOW, &found);
	is_raw = 0;
}

void take_raw_mode_up(void) {
	if (raw_wanted) make_raw();
}

void renew_raw_mode(void) {
	if (raw_wanted && is_raw && is_ours()) set(TCSANOW, &raw);
}
