/* What the parts of the launcher share: see sshpool.c for how they fit together. */
#ifndef SSHPOOL_LAUNCHER_H
#define SSHPOOL_LAUNCHER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "frames.h"

/* sshpool.c: the words that we were called with: a command, then its own; NULL ends them. */

extern char **our_words;

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
/* What INT, TERM and HUP do: as to any program; to the remote command, once; or, as they do to
   ssh, and with QUIT, end us with its status. */
enum signal_duty { SIGNALS_KILL, SIGNALS_ARE_SENT, SIGNALS_END };
void set_signal_duty(enum signal_duty duty);
/* From now on a change of the terminal's size is a signal as well. */
void watch_window_size(void);
/* Ends us after so many seconds, whatever we wait for. */
void end_in(unsigned seconds);
/* Can be read when there is a signal to forward. */
int signal_descriptor(void);
/* Its number; 0 where there is none. */
int caught_signal(void);
/* Its name without SIG; NULL for one that is not sent. */
const char *signal_name(int number);
void show_sign(const char *target);
void end_sign(void);
/* Becomes the Node client, which makes the call anew. */
_Noreturn void hand_over(void);
/* Becomes ssh itself, which makes it with the same words. */
_Noreturn void delegate(void);

/* node.c: the program that does what the launcher cannot. */

/* Becomes `program`, which is sshpool.js beside the launcher or the like, under Node. Returns, with
   errno set, only where that fails. */
void become_node(const char *program, char *const arguments[]);
/* ssh itself with our own words; ends the process where there is none. */
_Noreturn void become_ssh(void);
/* The Node client with our own words; ends the process where there is no Node. */
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
