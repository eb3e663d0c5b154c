/* What we say ourselves on standard error, among the bytes of the remote. */
#include <string.h>

#include "call.h"

/* Whatever is said to the person, or for the command, ends the waiting. */
void end_waiting(void) {
	call.sign_due = false;
	end_sign();
}

void print_own(const void *at, size_t length) {
	bool kept;
	size_t before = outputs[1].length;
	output_write(&outputs[1], at, length, &kept);
	/* Where its reader has gone nothing waits any more. */
	if (outputs[1].length > before) call.uncounted += outputs[1].length - before;
}

void print_line(const char *prefix, struct bytes line) {
	end_waiting();
	if (line.length == 0) return;
	/* In raw mode the terminal does not return to the left by itself. */
	const char *end = in_raw_mode() ? "\r\n" : "\n";
	print_own(prefix, strlen(prefix));
	print_own(line.at, line.length);
	print_own(end, strlen(end));
}

size_t without_own(size_t flushed) {
	size_t own = flushed < call.uncounted ? flushed : call.uncounted;
	call.uncounted -= own;
	return flushed - own;
}

void end_call(int exit_code, const char *prefix, struct bytes line) {
	call.exit_code = exit_code;
	call.stage = OVER;
	call.last_prefix = prefix;
	call.last_line = line;
	stop_forwarding();
	if (!in_raw_mode()) print_last();
}

void print_last(void) {
	struct bytes line = call.last_line;
	call.last_line = (struct bytes){0};
	print_line(call.last_prefix, line);
}
