/*
 * Terminal modes as encoded in RFC 4254 section 8: the modes that ssh sends, in its order, so that a
 * remote terminal is the same as with ssh.
 */
#define _GNU_SOURCE

#include <termios.h>
#include <unistd.h>

#include "launcher.h"

enum { END = 0, INPUT_SPEED = 128, OUTPUT_SPEED = 129 };
/* RFC 4254's value for an undefined character; systems use their own. */
enum { NO_CHARACTER = 255 };

static const struct {
	uint8_t opcode;
	uint8_t index;
} CHARACTERS[] = {
	{1, VINTR},
	{2, VQUIT},
	{3, VERASE},
	{4, VKILL},
	{5, VEOF},
	{6, VEOL},
#ifdef VEOL2
	{7, VEOL2},
#endif
	{8, VSTART},
	{9, VSTOP},
	{10, VSUSP},
#ifdef VDSUSP
	{11, VDSUSP},
#endif
#ifdef VREPRINT
	{12, VREPRINT},
#endif
#ifdef VWERASE
	{13, VWERASE},
#endif
#ifdef VLNEXT
	{14, VLNEXT},
#endif
#ifdef VFLUSH
	{15, VFLUSH},
#endif
#ifdef VSWTCH
	{16, VSWTCH},
#endif
#ifdef VSTATUS
	{17, VSTATUS},
#endif
#ifdef VDISCARD
	{18, VDISCARD},
#endif
};

struct flag {
	uint8_t opcode;
	tcflag_t bit;
};

static const struct flag INPUT[] = {
	{30, IGNPAR},
	{31, PARMRK},
	{32, INPCK},
	{33, ISTRIP},
	{34, INLCR},
	{35, IGNCR},
	{36, ICRNL},
#ifdef IUCLC
	{37, IUCLC},
#endif
	{38, IXON},
	{39, IXANY},
	{40, IXOFF},
#ifdef IMAXBEL
	{41, IMAXBEL},
#endif
#ifdef IUTF8
	{42, IUTF8},
#endif
};

static const struct flag LOCAL[] = {
	{50, ISIG},
	{51, ICANON},
#ifdef XCASE
	{52, XCASE},
#endif
	{53, ECHO},
	{54, ECHOE},
	{55, ECHOK},
	{56, ECHONL},
	{57, NOFLSH},
	{58, TOSTOP},
	{59, IEXTEN},
#ifdef ECHOCTL
	{60, ECHOCTL},
#endif
#ifdef ECHOKE
	{61, ECHOKE},
#endif
#ifdef PENDIN
	{62, PENDIN},
#endif
};

static const struct flag OUTPUT[] = {
	{70, OPOST},
#ifdef OLCUC
	{71, OLCUC},
#endif
	{72, ONLCR},
#ifdef OCRNL
	{73, OCRNL},
#endif
#ifdef ONOCR
	{74, ONOCR},
#endif
#ifdef ONLRET
	{75, ONLRET},
#endif
};

/* CS7 is one of the two bits of CS8; sent as ssh sends it. */
static const struct flag CONTROL[] = {{90, CS7}, {91, CS8}, {92, PARENB}, {93, PARODD}};

static const struct {
	speed_t speed;
	uint32_t baud;
} SPEEDS[] = {
	{B0, 0},
	{B50, 50},
	{B75, 75},
	{B110, 110},
	{B134, 134},
	{B150, 150},
	{B200, 200},
	{B300, 300},
	{B600, 600},
	{B1200, 1200},
	{B1800, 1800},
	{B2400, 2400},
	{B4800, 4800},
	{B9600, 9600},
	{B19200, 19200},
	{B38400, 38400},
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

/* ssh, too, sends 9600 for any other speed. */
static uint32_t baud_of(speed_t speed) {
	for (size_t i = 0; i < sizeof SPEEDS / sizeof SPEEDS[0]; i++)
		if (SPEEDS[i].speed == speed) return SPEEDS[i].baud;
	return 9600;
}

static void write_mode(struct writer *to, uint8_t opcode, uint32_t value) {
	write_u8(to, opcode);
	write_u32(to, value);
}

static void write_flags(
	struct writer *to, const struct flag *flags, size_t count, tcflag_t value) {
	for (size_t i = 0; i < count; i++)
		write_mode(to, flags[i].opcode, (value & flags[i].bit) != 0);
}

void write_modes(struct writer *to, const struct termios *modes) {
	size_t position = to->length;
	write_u32(to, 0);
	write_mode(to, OUTPUT_SPEED, baud_of(cfgetospeed(modes)));
	write_mode(to, INPUT_SPEED, baud_of(cfgetispeed(modes)));
	for (size_t i = 0; i < sizeof CHARACTERS / sizeof CHARACTERS[0]; i++) {
		cc_t character = modes->c_cc[CHARACTERS[i].index];
		bool none = character == _POSIX_VDISABLE;
		write_mode(to, CHARACTERS[i].opcode, none ? NO_CHARACTER : character);
	}
	write_flags(to, INPUT, sizeof INPUT / sizeof INPUT[0], modes->c_iflag);
	write_flags(to, LOCAL, sizeof LOCAL / sizeof LOCAL[0], modes->c_lflag);
	write_flags(to, OUTPUT, sizeof OUTPUT / sizeof OUTPUT[0], modes->c_oflag);
	write_flags(to, CONTROL, sizeof CONTROL / sizeof CONTROL[0], modes->c_cflag);
	write_u8(to, END);
	patch_u32(to, position, (uint32_t)(to->length - position - 4));
}
