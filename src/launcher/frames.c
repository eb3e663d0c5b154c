/* Reads and writes frames and their fields; knows nothing of sockets or the meaning of messages. */
#include "frames.h"

#include <string.h>

static uint32_t decode_u32(const uint8_t *at) {
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static void encode_u32(uint8_t *at, uint32_t value) {
	at[0] = (uint8_t)(value >> 24);
	at[1] = (uint8_t)(value >> 16);
	at[2] = (uint8_t)(value >> 8);
	at[3] = (uint8_t)value;
}

/* The next `length` bytes; NULL if there are fewer. */
static const uint8_t *take(struct reader *from, size_t length) {
	const uint8_t *at = from->at;
	if (from->broken || length > from->left) {
		from->broken = true;
		return NULL;
	}
	from->at += length;
	from->left -= length;
	return at;
}

uint8_t read_u8(struct reader *from) {
	const uint8_t *at = take(from, 1);
	return at ? *at : 0;
}

bool read_bool(struct reader *from) {
	return read_u8(from) != 0;
}

uint32_t read_u32(struct reader *from) {
	const uint8_t *at = take(from, 4);
	return at ? decode_u32(at) : 0;
}

struct bytes read_bytes(struct reader *from) {
	size_t length = read_u32(from);
	const uint8_t *at = take(from, length);
	return (struct bytes){at, at ? length : 0};
}

bool read_all(const struct reader *from) {
	return !from->broken && from->left == 0;
}

uint8_t *frames_space(struct frames *from, size_t *room) {
	size_t waiting = from->end - from->start;
	/* Moved to the front only near the end of the buffer, so that bytes move once in many reads. */
	if (waiting == 0) {
		from->start = from->end = 0;
	} else if (sizeof from->bytes - from->end < MAX_CHUNK) {
		memmove(from->bytes, from->bytes + from->start, waiting);
		from->start = 0;
		from->end = waiting;
	}
	*room = sizeof from->bytes - from->end;
	/* Limited per read: untouched pages take no memory. */
	if (*room > MAX_CHUNK) *room = MAX_CHUNK;
	return from->bytes + from->end;
}

enum frame_result next_frame(struct frames *from, struct reader *body) {
	size_t waiting = from->end - from->start;
	if (waiting < FRAME_LENGTH_BYTES) return FRAME_NONE;
	size_t length = decode_u32(from->bytes + from->start);
	if (length == 0 || length > MAX_FRAME) return FRAME_BROKEN;
	if (waiting - FRAME_LENGTH_BYTES < length) return FRAME_NONE;
	*body = (struct reader){from->bytes + from->start + FRAME_LENGTH_BYTES, length, false};
	from->start += FRAME_LENGTH_BYTES + length;
	return FRAME_READY;
}

/* Room for `length` more bytes; NULL if the frame would be too long. */
static uint8_t *extend(struct writer *to, size_t length) {
	if (to->full || length > sizeof to->bytes - to->length) {
		to->full = true;
		return NULL;
	}
	uint8_t *at = to->bytes + to->length;
	to->length += length;
	return at;
}

void begin_frame(struct writer *to, enum message message) {
	to->frame = to->length;
	extend(to, FRAME_LENGTH_BYTES);
	write_u8(to, (uint8_t)message);
}

void end_frame(struct writer *to) {
	size_t length = to->length - to->frame - FRAME_LENGTH_BYTES;
	if (to->full || length > MAX_FRAME) to->full = true;
	else encode_u32(to->bytes + to->frame, (uint32_t)length);
}

void write_u8(struct writer *to, uint8_t value) {
	uint8_t *at = extend(to, 1);
	if (at) *at = value;
}

void write_u32(struct writer *to, uint32_t value) {
	uint8_t *at = extend(to, 4);
	if (at) encode_u32(at, value);
}

void write_bytes(struct writer *to, const void *bytes, size_t length) {
	write_u32(to, (uint32_t)length);
	uint8_t *at = extend(to, length);
	if (at && length > 0) memcpy(at, bytes, length);
}

void write_text(struct writer *to, const char *text) {
	write_bytes(to, text, strlen(text));
}

void patch_u32(struct writer *to, size_t position, uint32_t value) {
	if (!to->full) encode_u32(to->bytes + position, value);
}
