/*
 * Frames of the caller-agent protocol (docs/PROTOCOL.md): a u32 length and a body, which is the
 * number of a message and its fields. Integers are big-endian.
 */
#ifndef SSHPOOL_FRAMES_H
#define SSHPOOL_FRAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire.h"

enum { FRAME_LENGTH_BYTES = 4 };

/* A view of bytes in another buffer. */
struct bytes {
	const uint8_t *at;
	size_t length;
};

/* Reads the fields of one body. A missing field reads as empty and sets `broken`. */
struct reader {
	const uint8_t *at;
	size_t left;
	bool broken;
};

uint8_t read_u8(struct reader *from);
bool read_bool(struct reader *from);
uint32_t read_u32(struct reader *from);
struct bytes read_bytes(struct reader *from);
/* Whether all fields were present, and nothing follows them. */
bool read_all(const struct reader *from);

/* Received bytes that are not processed yet. Most of the buffer is never touched, so it takes no
   memory. */
struct frames {
	uint8_t bytes[FRAME_LENGTH_BYTES + MAX_FRAME + MAX_CHUNK];
	size_t start;
	size_t end;
};

/* The buffer for the next bytes of the stream; `room` is never 0 after next_frame returned
   FRAME_NONE. */
uint8_t *frames_space(struct frames *from, size_t *room);

enum frame_result { FRAME_NONE, FRAME_READY, FRAME_BROKEN };

/* The body of the next complete frame; valid until frames_space. */
enum frame_result next_frame(struct frames *from, struct reader *body);

/* Collects frames in its own buffer; sets `full` if they do not fit. */
struct writer {
	uint8_t bytes[2 * (FRAME_LENGTH_BYTES + MAX_FRAME)];
	size_t length;
	size_t frame;
	bool full;
};

void begin_frame(struct writer *to, enum message message);
/* A frame above MAX_FRAME sets `full`. */
void end_frame(struct writer *to);
void write_u8(struct writer *to, uint8_t value);
void write_u32(struct writer *to, uint32_t value);
void write_bytes(struct writer *to, const void *at, size_t length);
void write_text(struct writer *to, const char *text);
/* Overwrites the u32 at `position`: a count that is known only afterwards. */
void patch_u32(struct writer *to, size_t position, uint32_t value);

#endif
