/* The launcher's own lines on standard error, between the bytes of the remote. */
#include <string.h>
#include <sys/uio.h>

#include "call.h"

/* Any output for the user ends the notice that the call waits. */
void end_waiting(void) {
	call.sign_due = false;
	end_sign();
}

void print_own(const void *at, size_t length) {
	bool kept;
	size_t before = outputs[1].length;
	output_write(&outputs[1], at, length, &kept);
	/* If the reader has closed, nothing is queued. */
	if (outputs[1].length > before) call.uncounted += outputs[1].length - before;
}

void print_line(const char *prefix, struct bytes line) {
	end_waiting();
	if (line.length == 0) return;
	/* In raw mode a line feed does not return the cursor to the left. */
	const char *end = in_raw_mode() ? "\r\n" : "\n";
	print_own(prefix, strlen(prefix));
	print_own(line.at, line.length);
	print_own(end, strlen(end));
}

void log_line(const char *prefix, struct bytes line) {
	if (call.log < 0) {
		print_line(prefix, line);
		return;
	}
	end_waiting();
	if (line.length == 0) return;
	struct iovec parts[] = {
		{.iov_base = (void *)(uintptr_t)prefix, .iov_len = strlen(prefix)},
		{.iov_base = (void *)(uintptr_t)line.at, .iov_len = line.length},
		{.iov_base = (void *)(uintptr_t)"\n", .iov_len = 1},
	};
	/* As ssh, ignores a failed write to the log. */
	ssize_t written = writev(call.log, parts, 3);
	(void)written;
}

size_t without_own(size_t flushed) {
	size_t own = flushed < call.uncounted ? flushed : call.uncounted;
	call.uncounted -= own;
	return flushed - own;
}

static void end_with_last(int exit_code, const char *prefix, struct bytes line, bool is_logged) {
	end_questions();
	call.exit_code = exit_code;
	call.stage = OVER;
	call.last_prefix = prefix;
	call.last_line = line;
	call.last_is_logged = is_logged;
	stop_forwarding();
	if (!in_raw_mode()) print_last();
}

void end_call(int exit_code, const char *prefix, struct bytes line) {
	end_with_last(exit_code, prefix, line, true);
}

void end_session(int exit_code, struct bytes farewell) {
	end_with_last(exit_code, "", farewell, false);
}

void print_last(void) {
	struct bytes line = call.last_line;
	call.last_line = (struct bytes){0};
	if (call.last_is_logged) log_line(call.last_prefix, line);
	else print_line(call.last_prefix, line);
}
