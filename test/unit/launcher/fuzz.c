/*
 * Feeds the launcher agent streams that are valid, damaged or random, cut at any place, and
 * checks its invariants. Built with sanitizers, which find the other errors.
 *
 *   fuzz SEED SECONDS
 */
#define _GNU_SOURCE

#include <assert.h>
#include <setjmp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

/* The whole launcher except its connection to agent and Node, which the stubs below replace; included as
   source where the test must empty the buffers. */
#define main launcher_main
#include "receiving.c"
#include "sending.c"
#include "sshpool.c"
#undef main

static jmp_buf handed_over;

int connect_agent(void) {
	return -1;
}

bool agent_retires(void) {
	return false;
}

void read_script(void) {
}

const char *called_as(void) {
	return NULL;
}

void replace_script(void) {
}

void pause_ms(int ms) {
	(void)ms;
}

void bound_sends(int descriptor, int ms) {
	(void)descriptor;
	(void)ms;
}

int64_t now_ms(void) {
	return 1;
}

const char *agent_log(void) {
	return "/the/log";
}

const char *agent_lock_held(void) {
	return NULL;
}

bool client_runs(void) {
	return true;
}

void become_plain_ssh(const char *why) {
	(void)why;
}

_Noreturn void become_client(void) {
	longjmp(handed_over, 1);
}

_Noreturn void hand_over(void) {
	longjmp(handed_over, 1);
}

_Noreturn void become_ssh(char *const arguments[], size_t count) {
	for (size_t i = 0; i < count; i++) free(arguments[i]);
	free((void *)arguments);
	longjmp(handed_over, 1);
}

bool add_question(uint32_t id, struct bytes text, bool echo) {
	volatile uint8_t sum = 0;
	for (size_t i = 0; i < text.length; i++) sum ^= text.at[i];
	(void)id;
	(void)echo;
	return true;
}

int asker_descriptor(void) {
	return -1;
}

void receive_answer(void) {
}

void end_questions(void) {
}

void dismiss_asker(void) {
}

void stop_asker(void) {
}

void continue_asker(void) {
}

static uint64_t state;

static uint32_t pick(uint32_t below) {
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)(state >> 16) % below;
}

static struct writer stream;

static void write_noise(size_t most) {
	uint8_t noise[512];
	size_t length = pick((uint32_t)(most < sizeof noise ? most : sizeof noise) + 1);
	for (size_t i = 0; i < length; i++) noise[i] = (uint8_t)pick(256);
	write_bytes(&stream, noise, length);
}

static void write_message(enum message number) {
	begin_frame(&stream, number);
	switch (number) {
	case MESSAGE_HELLO:
		write_u32(&stream, pick(20) == 0 ? pick(3) : PROTOCOL);
		write_noise(8);
		write_u32(&stream, 0);
		break;
	case MESSAGE_ACCEPTED:
		write_noise(20);
		write_u8(&stream, 0);
		write_u8(&stream, (uint8_t)pick(2));
		break;
	case MESSAGE_ASK:
		write_u32(&stream, pick(9));
		write_noise(40);
		write_u8(&stream, (uint8_t)pick(2));
		break;
	case MESSAGE_ASK_ENVIRONMENT:
		write_u32(&stream, 2);
		write_text(&stream, "LC_*");
		write_noise(12);
		break;
	case MESSAGE_OPENED:
		write_u8(&stream, (uint8_t)pick(2));
		write_u8(&stream, (uint8_t)pick(2));
		write_bytes(&stream, "~~", pick(20) == 0 ? 2 : pick(2));
		/* Not set as for ssh: that would change this process's signal handling in all later runs. */
		write_u8(&stream, 1);
		break;
	case MESSAGE_DELEGATE:
		write_text(&stream, pick(2) == 0 ? "client" : "ssh");
		write_u32(&stream, 2);
		write_text(&stream, "host");
		write_noise(20);
		break;
	case MESSAGE_WINDOW:
		write_u32(&stream, pick(4) == 0 ? UINT32_MAX - pick(9) : pick(1 << 21));
		break;
	case MESSAGE_EXITED:
		write_u8(&stream, (uint8_t)pick(256));
		for (int i = 0; i < 4; i++) write_noise(30);
		write_u8(&stream, 1);
		for (int i = 0; i < 3; i++) write_u32(&stream, pick(1000));
		break;
	case MESSAGE_FAILED:
		for (int i = 0; i < 3; i++) write_noise(30);
		write_u8(&stream, (uint8_t)pick(256));
		break;
	case MESSAGE_STDIN_CLOSED:
	case MESSAGE_STARTING:
	case MESSAGE_PONG:
		break;
	default:
		write_noise(500);
	}
	end_frame(&stream);
}

static const enum message USUAL[] = {MESSAGE_STDOUT, MESSAGE_STDERR, MESSAGE_WINDOW, MESSAGE_NOTE,
	MESSAGE_STDIN_CLOSED, MESSAGE_ASK_ENVIRONMENT, MESSAGE_ASK, MESSAGE_RESULT, MESSAGE_DELEGATE,
	MESSAGE_EXITED, MESSAGE_FAILED, MESSAGE_OPENED, MESSAGE_HELLO, MESSAGE_STARTING,
	MESSAGE_PONG};

static void make_stream(void) {
	stream.length = 0;
	stream.full = false;
	if (pick(20) != 0) write_message(MESSAGE_HELLO);
	if (pick(4) != 0) write_message(MESSAGE_ACCEPTED);
	if (pick(4) == 0) write_message(MESSAGE_ASK);
	if (pick(4) != 0) write_message(MESSAGE_OPENED);
	for (uint32_t left = pick(30); left > 0; left--)
		write_message(USUAL[pick(pick(8) == 0 ? sizeof USUAL / sizeof USUAL[0] : 4)]);
	if (pick(2) == 0) return;
	for (uint32_t left = pick(4); left > 0 && stream.length > 0; left--)
		stream.bytes[pick((uint32_t)stream.length)] = (uint8_t)pick(256);
}

static void drain(int descriptor) {
	char scrap[65536];
	while (recv(descriptor, scrap, sizeof scrap, MSG_DONTWAIT) > 0) continue;
}

/* Runs one call from its first message to its end, or to the end of the stream. */
static void run_once(int null) {
	int pair[2];
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0) abort();
	call = (struct call){.agent = pair[0], .input = -1, .exit_code = EXIT_FAILURE_OF_OURS};
	arrived.start = arrived.end = 0;
	message.length = 0;
	message.full = false;
	for (int i = 0; i < 2; i++) {
		outputs[i].way = UNKNOWN;
		outputs[i].descriptor = null;
		outputs[i].closed = false;
		outputs[i].start = outputs[i].length = 0;
	}
	make_stream();
	volatile size_t sent = 0;
	if (setjmp(handed_over) == 0) {
		while (call.stage != OVER) {
			size_t most = stream.length - sent;
			size_t length = pick(3) == 0 ? pick(9) + 1 : pick(2000) + 1;
			if (length > most) length = most;
			if (length == 0) shutdown(pair[1], SHUT_WR);
			else if (write(pair[1], stream.bytes + sent, length) != (ssize_t)length) abort();
			sent += length;
			receive_all();
			assert(arrived.start <= arrived.end && arrived.end <= sizeof arrived.bytes);
			assert(outputs[0].length <= QUEUE_BYTES && outputs[1].length <= QUEUE_BYTES);
			drain(pair[1]);
		}
		assert(call.exit_code >= 0 && call.exit_code <= 255);
	}
	close(pair[0]);
	close(pair[1]);
	if (call.input_closed && dup2(null, STDIN_FILENO) < 0) abort();
	for (int i = 0; i < 2; i++)
		if (outputs[i].way == OWN) close(outputs[i].writable);
}

int main(int argc, char *argv[]) {
	if (argc != 3) return 2;
	state = strtoull(argv[1], NULL, 10) * 2654435761U + 1;
	time_t end = time(NULL) + atoi(argv[2]);
	int null = open("/dev/null", O_RDWR);
	if (null < 0) return 2;
	unsigned long runs = 0;
	for (; time(NULL) < end; runs++) run_once(null);
	printf("%lu streams\n", runs);
	return 0;
}
