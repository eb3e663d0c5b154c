/*
 * Questions for the person at the terminal. Each is put by a small program under Node (the package's
 * dist/program/prompt.cjs), which asks at the terminal or runs SSH_ASKPASS as ssh does. It gets the question at
 * descriptor 3 and answers there; the answer never passes through arguments or the environment.
 *
 * Questions of two connects that run at the same time wait for each other: they share one terminal.
 */
#define _GNU_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "call.h"

enum {
	QUESTION_FD = 3,
	/* As the prompt program prints and reads at most. */
	MAX_ANSWER = 64 * 1024,
	/* After that a prompt program that does not end is killed. */
	GRACE_MS = 2000,
	STOP_MS = 300,
	LOOK_MS = 10,
};

struct question {
	struct question *next;
	uint32_t id;
	bool echo;
	size_t length;
	uint8_t text[];
};

static struct question *first;
/* The program that puts the first question; 0 for none. Read by signal handlers. */
static volatile pid_t asker;
static int socket_to_asker = -1;
/* Its answer: a byte if there is one, then the text. */
static uint8_t answer[1 + MAX_ANSWER];
static size_t answered;

/* Not optimised away, unlike memset(3) of a buffer that is not read again. */
static void forget_answer(void) {
	volatile uint8_t *at = answer;
	for (size_t i = 0; i < sizeof answer; i++) at[i] = 0;
	answered = 0;
}

static _Noreturn void become_asker(int to_launcher) {
	static char *const none[] = {NULL};
	give_signals_back();
	/* Its own lines go where the launcher's go (ssh -E). */
	bool placed = (call.log < 0 || dup2(call.log, STDERR_FILENO) >= 0) &&
		(to_launcher == QUESTION_FD ? fcntl(to_launcher, F_SETFD, 0) == 0
					    : dup2(to_launcher, QUESTION_FD) == QUESTION_FD);
	if (placed) become_node("../dist/program/prompt.cjs", none);
	say_no_node();
	_exit(127);
}

static bool send_all(const void *at, size_t length) {
	const uint8_t *from = at;
	while (length > 0) {
		ssize_t sent = send(socket_to_asker, from, length, MSG_NOSIGNAL);
		if (sent < 0 && errno == EINTR) continue;
		if (sent < 0) return false;
		from += sent;
		length -= (size_t)sent;
	}
	return true;
}

static void start_asker(void) {
	int ends[2];
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) return;
	for (int i = 0; i < 2; i++) fcntl(ends[i], F_SETFD, FD_CLOEXEC);
	/* The terminal is restored before this process ends or stops. */
	catch_terminal_signals();
	asker = fork();
	if (asker == 0) become_asker(ends[1]);
	close(ends[1]);
	socket_to_asker = ends[0];
	uint8_t head[] = {first->echo, (uint8_t)(first->length >> 24), (uint8_t)(first->length >> 16),
		(uint8_t)(first->length >> 8), (uint8_t)first->length};
	/* If the program has ended, the next read reports it. */
	if (asker > 0 && send_all(head, sizeof head)) send_all(first->text, first->length);
}

/* Waits for the program, which first restores the terminal. */
static void end_asker(void) {
	if (socket_to_asker >= 0) close(socket_to_asker);
	socket_to_asker = -1;
	int64_t kill_at = now_ms() + GRACE_MS;
	while (asker > 0) {
		pid_t ended = waitpid(asker, NULL, WNOHANG);
		if (ended == asker || (ended < 0 && errno != EINTR)) asker = 0;
		else if (now_ms() >= kill_at) kill(asker, SIGKILL);
		if (asker > 0) pause_ms(LOOK_MS);
	}
}

static void give_answer(void) {
	bool given = answered > 0;
	send_answer(first->id, given, answer + 1, given ? answered - 1 : 0);
	forget_answer();
	struct question *done = first;
	first = first->next;
	free(done);
}

/* Puts the next question, unless one is being put. A question that cannot be put has no answer. */
static void ask_next(void) {
	while (first != NULL && socket_to_asker < 0) {
		start_asker();
		if (asker > 0) return;
		end_asker();
		give_answer();
	}
}

/* Waits until the program has ended or stopped; false if that takes too long. For signal handlers. */
static bool waits_for_asker(int options, int limit_ms) {
	struct timespec look = {.tv_nsec = LOOK_MS * 1000000L};
	for (int waited = 0; waited < limit_ms; waited += LOOK_MS) {
		int status = 0;
		pid_t found = waitpid(asker, &status, WNOHANG | options);
		if (found == asker && WIFSTOPPED(status)) return true;
		if (found == asker || (found < 0 && errno != EINTR)) {
			asker = 0;
			return true;
		}
		nanosleep(&look, NULL);
	}
	return false;
}

void dismiss_asker(void) {
	if (asker <= 0 || kill(asker, SIGTERM) != 0) return;
	if (!waits_for_asker(0, GRACE_MS)) kill(asker, SIGKILL);
}

void stop_asker(void) {
	/* In a process group without a shell that could continue it, the kernel does not stop it. */
	if (asker > 0 && kill(asker, SIGTSTP) == 0) waits_for_asker(WUNTRACED, STOP_MS);
}

void continue_asker(void) {
	if (asker > 0) kill(asker, SIGCONT);
}

bool add_question(uint32_t id, struct bytes text, bool echo) {
	struct question *added = malloc(sizeof *added + text.length);
	if (added == NULL) return false;
	*added = (struct question){.id = id, .echo = echo, .length = text.length};
	memcpy(added->text, text.at, text.length);
	struct question **last = &first;
	while (*last != NULL) last = &(*last)->next;
	*last = added;
	ask_next();
	return true;
}

int asker_descriptor(void) {
	return socket_to_asker;
}

void receive_answer(void) {
	ssize_t got = 0;
	if (answered < sizeof answer) got = read(socket_to_asker, answer + answered, sizeof answer - answered);
	if (got < 0 && errno == EINTR) return;
	if (got > 0) {
		answered += (size_t)got;
		return;
	}
	end_asker();
	give_answer();
	ask_next();
}

void end_questions(void) {
	end_asker();
	forget_answer();
	while (first != NULL) {
		struct question *done = first;
		first = first->next;
		free(done);
	}
}
