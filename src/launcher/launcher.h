/* What the parts of the launcher share: see sshpool.c for how they fit together. */
#ifndef SSHPOOL_LAUNCHER_H
#define SSHPOOL_LAUNCHER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "frames.h"

/* sshpool.c: the words that we were called with. */

extern int our_argc;
extern char **our_argv;

/* agent.c: the way to the agent. */

/* The agent's socket, connected; the agent is started where none runs. -1 where the Node client
   has to see to it, and to say what is wrong. */
int connect_agent(void);
/* Where its log is, for messages. */
const char *agent_log(void);

/* environment.c */

/* Writes a list of NAME=VALUE: the variables that match one of the patterns of a list that is to be
   read, or with NULL those that a caller sends by itself. */
void write_environment(struct writer *to, const struct reader *patterns);

/* signals.c: signals, and the sign that we wait. */

/* Takes the signals over; false where that is impossible. */
bool catch_signals(void);
/* Whether the next signal is for the remote command; if not, it ends us. */
void forward_next_signal(bool forward);
/* Can be read when there is a signal to forward. */
int signal_descriptor(void);
/* Its name without SIG; NULL where there is none. */
const char *caught_signal(void);
void show_sign(const char *target);
void end_sign(void);
/* Becomes the Node client, which makes the call anew. */
_Noreturn void hand_over(void);

/* node.c: the program that does what the launcher cannot. */

/* Becomes `program`, which is sshpool.js beside the launcher or the like, under Node. Returns, with
   errno set, only where that fails. */
void become_node(const char *program, char *const arguments[]);
/* The Node client with our own arguments; ends the process where there is no Node. */
_Noreturn void become_client(void);

/* streams.c: our own standard streams. */

/* No more than the agent may send before it is told that something was taken. */
enum { QUEUE_BYTES = 4 * 1024 * 1024 };

/* How a descriptor is written to without waiting, and without changing what it is for others. */
enum way { UNKNOWN, PLAIN, OWN, SOCKET, CAUTIOUS };

/* One of stdout and stderr: bytes that could not be written yet wait in a ring. */
struct output {
	int descriptor;
	int writable;
	enum way way;
	/* Its reader has gone. */
	bool closed;
	size_t start;
	size_t length;
	uint8_t ring[QUEUE_BYTES];
};

/* Writes what goes out without waiting and keeps the rest. Returns the bytes that left our hands,
   also those that waited; false in `kept` where there is no room for the rest. */
size_t output_write(struct output *to, const uint8_t *at, size_t length, bool *kept);
/* Goes on with what waits, after poll(2) said so. */
size_t output_flush(struct output *to);

/* What to poll and read in place of descriptor 0. */
int open_input(void);

#endif
