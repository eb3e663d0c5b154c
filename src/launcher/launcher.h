/* What the parts of the launcher share: see sshpool.c for how they fit together. */
#ifndef SSHPOOL_LAUNCHER_H
#define SSHPOOL_LAUNCHER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "frames.h"

/* words.c: what we were called with. */

/* The command and its arguments, also where the command is the name that we were called by; as in
   main, NULL stands behind the last one. */
extern char **our_words;
extern size_t our_count;
void find_words(int argc, char *argv[]);
bool is_our_command(const char *name);

/* agent.c: the way to the agent. */

/* The agent's socket, connected; the agent is started where none runs. -1 where the Node client
   has to see to it, and to say what is wrong. */
int connect_agent(void);
/* For how long sends on a socket may wait; 0 for ever. */
void bound_sends(int descriptor, int ms);
/* Milliseconds on a clock that only goes on. */
int64_t now_ms(void);
/* Where its log is, for messages. */
const char *agent_log(void);
/* After connect_agent failed: the lock that another process held all the time, for messages; NULL
   where that was not the reason. */
const char *agent_lock_held(void);

/* environment.c */

/* Writes a list of NAME=VALUE: the variables that match one of the patterns of a list that is to be
   read, or with NULL those that a caller sends by itself. */
void write_environment(struct writer *to, const struct reader *patterns);
/* The environment of an agent that we start, which is made of ours (AGENT_ENV); NULL where there is
   no memory for it. */
char **agent_environment(void);

/* place.c */

/* The fields of `exec` that say where we stand. */
void write_place(struct writer *to);

/* signals.c: signals, and the sign that we wait. */

/* What a signal that ends programs does: ends us too, once the first one was forwarded to the
   remote command or not; or lets us leave as ssh does, quietly and with its status. */
enum signals { DIE, FORWARD_FIRST, LEAVE };

/* Takes the signals over; false where that is impossible. */
bool catch_signals(void);
/* The remote command runs now. */
void use_signals(enum signals use);
/* A terminal in raw mode is to be seen to by more of them. */
void catch_terminal_signals(void);
/* The call is over: what is left ends us. */
void stop_forwarding(void);
/* Can be read when there is a signal to see to. */
int signal_descriptor(void);
/* Its number, SIGWINCH for another size of the terminal; 0 where there is none. */
int caught_signal(void);
/* Its name without SIG; NULL where it is none of those that are forwarded. */
const char *signal_name(int number);
void show_sign(const char *target);
void end_sign(void);
/* What would outlive our becoming another program is as it was when we came. */
void give_signals_back(void);

/* terminal.c: the terminal at standard input. */

struct termios;

/* What `exec` says of the terminals. */
void write_terminals(struct writer *to);
void write_size(struct writer *to);
/* Since it was last written. */
bool size_has_changed(void);
void enter_raw_mode(void);
bool in_raw_mode(void);
void leave_raw_mode(void);
/* The same for handlers of signals, for the time that we are stopped or for good. */
void lay_raw_mode_down(void);
void take_raw_mode_up(void);
/* After we were stopped without being asked: a shell has put its own modes in place. */
void renew_raw_mode(void);

/* modes.c */

void write_modes(struct writer *to, const struct termios *modes);

/* node.c: the program that does what the launcher cannot. */

/* The file of the running launcher, links resolved, in PATH_MAX bytes; false where the system does
   not tell. */
bool own_file(char *path);
/* Becomes `program`, which is sshpool.js beside the launcher or the like, under Node. Returns, with
   errno set, only where that fails. */
void become_node(const char *program, char *const arguments[]);
/* Whether Node and our program run here at all, within the limits that we have. */
bool client_runs(void);
/* The Node client with our own words, which makes the call anew; ends the process where there is
   no Node. */
_Noreturn void become_client(void);
/* The same where something of the call was done. */
_Noreturn void hand_over(void);

/* real-ssh.c */

/* The ssh that is not us, with these arguments; ends the process where there is none. */
_Noreturn void become_ssh(char *const arguments[], size_t count);

/* plain-ssh.c */

/* Becomes the real ssh for a call of exec or shell, and says why; returns where that may not be, or
   only the Node client can tell. */
void become_plain_ssh(const char *why);

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
/* Forgets what waits; returns how much that was. */
size_t output_drop(struct output *to);

/* What to poll and read in place of descriptor 0. */
int open_input(void);

#endif
