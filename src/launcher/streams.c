/*
 * The standard streams. A slow reader must not block this process, because signals and the other
 * streams continue. The descriptors are shared with other programs, so they are never switched to
 * non-blocking mode.
 */
#define _GNU_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "launcher.h"

/* Opens a pipe or terminal a second time, with its own file status flags; -1 on failure. */
static int open_again(int descriptor, int mode) {
#ifdef __linux__
	char path[32];
	snprintf(path, sizeof path, "/proc/self/fd/%d", descriptor);
	return open(path, mode | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
#else
	(void)descriptor;
	(void)mode;
	return -1;
#endif
}

int open_input(void) {
	struct stat stat;
	if (fstat(STDIN_FILENO, &stat) != 0 || !S_ISFIFO(stat.st_mode)) return STDIN_FILENO;
	int own = open_again(STDIN_FILENO, O_RDONLY);
	return own >= 0 ? own : STDIN_FILENO;
}

static void find_way(struct output *to) {
	struct stat stat;
	to->way = PLAIN;
	to->writable = to->descriptor;
	if (fstat(to->descriptor, &stat) != 0) return;
	if (S_ISSOCK(stat.st_mode)) to->way = SOCKET;
	if (!S_ISFIFO(stat.st_mode) && !isatty(to->descriptor)) return;
	int own = open_again(to->descriptor, O_WRONLY);
	to->way = own >= 0 ? OWN : CAUTIOUS;
	if (own >= 0) to->writable = own;
}

/* Bytes written; 0 if the write would block, -1 if the reader has closed. */
static ssize_t attempt(struct output *to, const uint8_t *at, size_t length) {
	for (;;) {
		ssize_t written;
		if (to->way == SOCKET) {
			written = send(to->writable, at, length, MSG_DONTWAIT);
		} else if (to->way == CAUTIOUS) {
			/* A pipe takes PIPE_BUF bytes at once whenever poll(2) reports it writable. */
			struct pollfd ready = {.fd = to->writable, .events = POLLOUT};
			if (poll(&ready, 1, 0) <= 0) return 0;
			written = write(to->writable, at, length < PIPE_BUF ? length : PIPE_BUF);
		} else {
			written = write(to->writable, at, length);
		}
		if (written >= 0) return written;
		if (errno == EAGAIN || errno == EWOULDBLOCK) return 0;
		if (errno != EINTR) return -1;
	}
}

size_t output_drop(struct output *to) {
	size_t dropped = to->length;
	to->length = 0;
	return dropped;
}

/* The reader has closed: drops the queued bytes, as ssh does. Returns their number. */
static size_t give_up(struct output *to) {
	to->closed = true;
	return output_drop(to);
}

static bool keep(struct output *to, const uint8_t *at, size_t length) {
	if (length > QUEUE_BYTES - to->length) return false;
	size_t end = (to->start + to->length) % QUEUE_BYTES;
	size_t first = length < QUEUE_BYTES - end ? length : QUEUE_BYTES - end;
	memcpy(to->ring + end, at, first);
	memcpy(to->ring, at + first, length - first);
	to->length += length;
	return true;
}

size_t output_write(struct output *to, const uint8_t *at, size_t length, bool *kept) {
	size_t done = 0;
	*kept = true;
	if (to->way == UNKNOWN) find_way(to);
	while (done < length && to->length == 0 && !to->closed) {
		ssize_t written = attempt(to, at + done, length - done);
		if (written == 0) break;
		if (written < 0) give_up(to);
		else done += (size_t)written;
	}
	if (to->closed) return length;
	*kept = keep(to, at + done, length - done);
	return done;
}

size_t output_flush(struct output *to) {
	size_t done = 0;
	while (to->length > 0) {
		size_t first = QUEUE_BYTES - to->start;
		if (first > to->length) first = to->length;
		ssize_t written = attempt(to, to->ring + to->start, first);
		if (written == 0) break;
		if (written < 0) return done + give_up(to);
		to->start = (to->start + (size_t)written) % QUEUE_BYTES;
		to->length -= (size_t)written;
		done += (size_t)written;
	}
	return done;
}
