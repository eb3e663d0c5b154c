/* The terminal at standard input: its size, its modes, and raw mode. */
#define _GNU_SOURCE

#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "terminal.h"

static struct winsize written;

static struct winsize read_size(void) {
	struct winsize size;
	if (ioctl(STDIN_FILENO, TIOCGWINSZ, &size) != 0) memset(&size, 0, sizeof size);
	return size;
}

bool has_new_size(void) {
	struct winsize size = read_size();
	return memcmp(&size, &written, sizeof size) != 0;
}

void write_window_size(struct writer *to) {
	struct winsize size = written = read_size();
	write_u32(to, size.ws_col);
	write_u32(to, size.ws_row);
	write_u32(to, size.ws_xpixel);
	write_u32(to, size.ws_ypixel);
}

/* RFC 4254 section 8, in the order in which ssh sends them (ttymodes.h). */
enum { TTY_OP_END = 0, TTY_OP_ISPEED = 128, TTY_OP_OSPEED = 129, DISABLED = 255 };

struct character {
	uint8_t opcode;
	uint8_t index;
};

static const struct character CHARACTERS[] = {
	{1, VINTR},
	{2, VQUIT},
	{3, VERASE},
	{4, VKILL},
	{5, VEOF},
	{6, VEOL},
	{7, VEOL2},
	{8, VSTART},
	{9, VSTOP},
	{10, VSUSP},
#ifdef VDSUSP
	{11, VDSUSP},
#endif
	{12, VREPRINT},
	{13, VWERASE},
	{14, VLNEXT},
#ifdef VSTATUS
	{17, VSTATUS},
#endif
	{18, VDISCARD},
};

enum field { INPUT, LOCAL, OUTPUT, CONTROL };

struct mode {
	uint8_t opcode;
	enum field field;
	tcflag_t flag;
};

static const struct mode MODES[] = {
	{30, INPUT, IGNPAR},
	{31, INPUT, PARMRK},
	{32, INPUT, INPCK},
	{33, INPUT, ISTRIP},
	{34, INPUT, INLCR},
	{35, INPUT, IGNCR},
	{36, INPUT, ICRNL},
#ifdef IUCLC
	{37, INPUT, IUCLC},
#endif
	{38, INPUT, IXON},
	{39, INPUT, IXANY},
	{40, INPUT, IXOFF},
	{41, INPUT, IMAXBEL},
#ifdef IUTF8
	{42, INPUT, IUTF8},
#endif
	{50, LOCAL, ISIG},
	{51, LOCAL, ICANON},
#ifdef XCASE
	{52, LOCAL, XCASE},
#endif
	{53, LOCAL, ECHO},
	{54, LOCAL, ECHOE},
	{55, LOCAL, ECHOK},
	{56, LOCAL, ECHONL},
	{57, LOCAL, NOFLSH},
	{58, LOCAL, TOSTOP},
	{59, LOCAL, IEXTEN},
	{60, LOCAL, ECHOCTL},
	{61, LOCAL, ECHOKE},
	{62, LOCAL, PENDIN},
	{70, OUTPUT, OPOST},
#ifdef OLCUC
	{71, OUTPUT, OLCUC},
#endif
	{72, OUTPUT, ONLCR},
	{73, OUTPUT, OCRNL},
	{74, OUTPUT, ONOCR},
	{75, OUTPUT, ONLRET},
	{90, CONTROL, CS7},
	{91, CONTROL, CS8},
	{92, CONTROL, PARENB},
	{93, CONTROL, PARODD},
};

static const struct {
	speed_t speed;
	uint32_t bauds;
} SPEEDS[] = {
	{B50, 50}, {B75, 75}, {B110, 110}, {B134, 134}, {B150, 150}, {B200, 200}, {B300, 300},
	{B600, 600}, {B1200, 1200}, {B1800, 1800}, {B2400, 2400}, {B4800, 4800}, {B9600, 9600},
	{B19200, 19200}, {B38400, 38400},
#ifdef B57600
	{B57600, 57600},
#endif
#ifdef B115200
	{B115200, 115200},
#endif
#ifdef B230400
	{B230400, 230400},
#endif
};

/* 9600 for what has no name, as ssh has it; B0 hangs up. */
static uint32_t bauds_of(speed_t speed) {
	if (speed == B0) return 0;
	for (size_t i = 0; i < sizeof SPEEDS / sizeof SPEEDS[0]; i++)
		if (SPEEDS[i].speed == speed) return SPEEDS[i].bauds;
	return 9600;
}

static void write_mode(struct writer *to, uint8_t opcode, uint32_t value) {
	write_u8(to, opcode);
	write_u32(to, value);
}

void write_modes(struct writer *to) {
	struct termios modes;
	size_t position = to->length;
	write_u32(to, 0);
	if (tcgetattr(STDIN_FILENO, &modes) != 0) return;
	write_mode(to, TTY_OP_OSPEED, bauds_of(cfgetospeed(&modes)));
	write_mode(to, TTY_OP_ISPEED, bauds_of(cfgetispeed(&modes)));
	for (size_t i = 0; i < sizeof CHARACTERS / sizeof CHARACTERS[0]; i++) {
		cc_t character = modes.c_cc[CHARACTERS[i].index];
		bool disabled = character == _POSIX_VDISABLE;
		write_mode(to, CHARACTERS[i].opcode, disabled ? DISABLED : character);
	}
	const tcflag_t fields[] = {
		[INPUT] = modes.c_iflag,
		[LOCAL] = modes.c_lflag,
		[OUTPUT] = modes.c_oflag,
		[CONTROL] = modes.c_cflag,
	};
	for (size_t i = 0; i < sizeof MODES / sizeof MODES[0]; i++)
		write_mode(to, MODES[i].opcode, (fields[MODES[i].field] & MODES[i].flag) != 0);
	write_u8(to, TTY_OP_END);
	patch_u32(to, position, (uint32_t)(to->length - position - 4));
}

static struct termios found;
static volatile sig_atomic_t is_raw;

void enter_raw_mode(void) {
	if (is_raw || tcgetattr(STDIN_FILENO, &found) != 0) return;
	struct termios raw = found;
	raw.c_iflag |= IGNPAR;
	raw.c_iflag &= (tcflag_t) ~(ISTRIP | INLCR | IGNCR | ICRNL | IXON | IXANY | IXOFF);
#ifdef IUCLC
	raw.c_iflag &= (tcflag_t)~IUCLC;
#endif
	raw.c_lflag &= (tcflag_t) ~(ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHONL | IEXTEN);
	raw.c_oflag &= (tcflag_t)~OPOST;
	raw.c_cc[VMIN] = 1;
	raw.c_cc[VTIME] = 0;
	/* First: a signal that comes in between must find it so. */
	is_raw = 1;
	if (tcsetattr(STDIN_FILENO, TCSADRAIN, &raw) != 0) is_raw = 0;
}

void leave_raw_mode(void) {
	if (!is_raw) return;
	is_raw = 0;
	tcsetattr(STDIN_FILENO, TCSADRAIN, &found);
}
