/* Shared by the parts of the launcher; sshpool.c has an overview. */
#ifndef SSHPOOL_LAUNCHER_H
#define SSHPOOL_LAUNCHER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "frames.h"

/* script.c: bin/sshpool where it is a script, which starts the launcher. */

/* Reads what the script says in the environment, and removes it there: programs that this process starts
   are other calls. */
void read_script(void);
/* What the script was called as; NULL if no script started this process. */
const char *called_as(void);
/* The directory of bin/sshpool, of at most PATH_MAX bytes; false if it cannot be found. */
bool package_bin(char *path);
/* Begins with #!; false if it cannot be read. */
bool is_script(const char *path);
/* Puts this launcher into the script's place, if that is safe. */
void replace_script(void);

/* words.c: the command line. */

/* The command and its arguments, also if the program's name is the command; as in main, terminated
   by NULL. `called_as` replaces the name in argv, unless it is NULL. */
extern char **our_words;
extern size_t our_count;
void find_words(int argc, char *argv[], const char *called_as);
bool is_our_command(const char *name);

/* agent.c: connects to the agent. */

/* The connected socket of the agent, which is started if none runs. -1 if the Node client must do
   this and report the error. */
int connect_agent(void);
/* Waits until the agent has closed its socket; false if that takes too long. */
bool agent_retires(void);
/* Limits how long sends on a socket may wait; 0 for no limit. */
void bound_sends(int descriptor, int ms);
/* Monotonic time in milliseconds. */
int64_t now_ms(void);
void pause_ms(int ms);
/* The path of the agent's log, for messages. */
const char *agent_log(void);
/* After connect_agent failed: the path of the lock that another process held all the time, for
   messages; NULL if there was another reason. */
const char *agent_lock_held(void);

/* environment.c */

/* Writes a list of NAME=VALUE: the variables that match one of the patterns in the list to be read,
   or with NULL those that a caller always sends. */
void write_environment(struct writer *to, const struct reader *patterns);
/* The environment of an agent that the launcher starts, made from its own (AGENT_ENV); NULL if out
   of memory. */
char **agent_environment(void);

/* place.c */

/* Writes the fields of `exec` for the caller's place. */
void write_place(struct writer *to);

/* signals.c: signals, and the notice that the call waits. */

/* The effect of a terminating signal: DIE ends this process; FORWARD_FIRST sends the first one to
   the remote command and dies of the next; LEAVE exits quietly, with ssh's status. */
enum signals { DIE, FORWARD_FIRST, LEAVE };

/* Installs the signal handlers; false on failure. */
bool catch_signals(void);
/* Called once the remote command runs. */
void use_signals(enum signals use);
/* Handles further signals while a terminal is in raw mode. */
void catch_terminal_signals(void);
/* After the call, the next signal ends this process. */
void stop_forwarding(void);
/* A descriptor that is readable when a signal was caught. */
int signal_descriptor(void);
/* The caught signal, SIGWINCH for a new size of the terminal; 0 for none. */
int caught_signal(void);
/* The name of a signal without SIG; NULL if it is not forwarded. */
const char *signal_name(int number);
void show_sign(const char *target);
void end_sign(void);
/* Restores the signal settings that survive exec(2). */
void give_signals_back(void);

/* terminal.c: the terminal at standard input. */

struct termios;

/* Writes the fields of `exec` for the terminals. */
void write_terminals(struct writer *to);
void write_size(struct writer *to);
/* Whether the size has changed since it was last sent. */
bool size_has_changed(void);
void enter_raw_mode(void);
bool in_raw_mode(void);
void leave_raw_mode(void);
/* The same for signal handlers, before this process stops or ends. */
void lay_raw_mode_down(void);
void take_raw_mode_up(void);
/* After SIGSTOP, which cannot be caught: the shell has set its own modes meanwhile. */
void renew_raw_mode(void);

/* modes.c */

void write_modes(struct writer *to, const struct termios *modes);

/* node.c: runs programs under Node for what the launcher cannot do. */

/* The file of the running launcher, links resolved, in PATH_MAX bytes; false if unknown. */
bool own_file(char *path);
/* Replaces this process by `program` under Node, such as sshpool.js beside the launcher. Returns,
   with errno set, only on failure. */
void become_node(const char *program, char *const arguments[]);
/* Whether Node and the Node client can run within this process's limits. */
bool client_runs(void);
/* Becomes the Node client with the same arguments, which makes the call again; exits if Node is
   missing. */
_Noreturn void become_client(void);
/* Says on standard error that become_node failed, with errno. */
void say_no_node(void);
/* The same after the call has begun: restores terminal and signals first. */
_Noreturn void hand_over(void);

/* real-ssh.c */

/* Becomes the real ssh with these arguments; exits if there is none. */
_Noreturn void become_ssh(char *const arguments[], size_t count);

/* plain-ssh.c */

/* Becomes the real ssh for a call of exec or shell, and prints why; returns if that is not allowed,
   or only the Node client can decide. */
void become_plain_ssh(const char *why);

/* asking.c: questions for the person (call.h has the rest). */

/* Takes back the questions that are open, and the prompt from the terminal. */
void end_questions(void);

/* For signal handlers, before this process ends: ends the program that asks, which first restores the
   terminal. */
void dismiss_asker(void);
/* The same before this process stops, until it goes on. */
void stop_asker(void);
void continue_asker(void);

/* streams.c: the standard streams. */

/* As much as the agent may send before it is told that data was taken. */
enum { QUEUE_BYTES = 4 * 1024 * 1024 };

/* How to write to a descriptor without blocking and without changing its mode for other processes. */
enum way { UNKNOWN, PLAIN, OWN, SOCKET, CAUTIOUS };

/* stdout or stderr: bytes that could not be written yet wait in a ring buffer. */
struct output {
	int descriptor;
	int writable;
	enum way way;
	/* Its reader has closed. */
	bool closed;
	size_t start;
	size_t length;
	uint8_t ring[QUEUE_BYTES];
};

/* Writes as much as possible without blocking and queues the rest. Returns the bytes written or
   dropped; sets `kept` to false if there is no room for the rest. */
size_t output_write(struct output *to, const uint8_t *at, size_t length, bool *kept);
/* Writes queued bytes once poll(2) reports the descriptor writable. */
size_t output_flush(struct output *to);
/* Drops the queued bytes; returns their number. */
size_t output_drop(struct output *to);

/* The descriptor to read instead of descriptor 0. */
int open_input(void);

#endif
