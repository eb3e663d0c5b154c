/* The state of this process's single call, and the functions that change it. */
#ifndef SSHPOOL_CALL_H
#define SSHPOOL_CALL_H

#include "escapes.h"
#include "frames.h"
#include "launcher.h"

enum stage { WAITING, OPENED, OVER };

struct call {
	/* The agent's socket. */
	int agent;
	enum stage stage;
	/* The agent has asked the server to run the command. */
	bool may_have_run;
	bool greeted;
	/* When the agent last sent a message (now_ms), and whether a ping was sent since. */
	int64_t heard_at;
	bool asked;
	int exit_code;
	/* Standard input: its descriptor, and how many bytes may be sent. */
	int input;
	bool input_wanted;
	bool input_closed;
	uint32_t granted;
	/* Bytes of output written or dropped, but not yet reported to the agent. */
	size_t taken;
	/* Bytes of the launcher's own lines in the stderr queue. */
	size_t uncounted;
	bool stdout_closed_told;
	/* Escape characters; and, once the user has disconnected, the deadline for the agent's answer
	   (now_ms), 0 before. */
	struct escapes escapes;
	int64_t disconnect_by;
	/* The last line, kept until the terminal is restored, and whether it belongs to the log. */
	const char *last_prefix;
	struct bytes last_line;
	bool last_is_logged;
	/* The file for notes and failures; -1 for standard error. */
	int log;
	/* The host that is being connected, and whether to show a notice if that takes long. */
	bool sign_due;
	char target[256];
};

extern struct call call;
/* stdout and stderr. */
extern struct output outputs[2];

/* sshpool.c */

/* Before the command can have run: ssh itself makes a call of ssh, the Node client makes the
   others. The Node client tries the agent again, unless `code` names an error. */
_Noreturn void do_without_agent(const char *code, const char *why);
/* The agent closed the connection before its hello: nothing was done, and the call is repeated. */
void call_again(void);
/* The agent has an older protocol: it retires, and the call is repeated with another one. */
void replace_agent(void);

/* sending.c */

void begin_call(void);
void answer_environment(const struct reader *patterns);
/* Reports that more bytes were written or dropped. */
void tell_taken(size_t bytes);
/* Sends the caught signal, or the new size of the terminal. */
void send_signal(void);
/* Sends the size of the terminal if it has changed. */
void send_new_size(void);
void send_disconnect(void);
void send_answer(uint32_t id, bool given, const uint8_t *text, size_t length);
/* Sends a message without fields. */
void send_plain(enum message number);
/* Data of standard input: begin_data returns the buffer, end_data takes the length written to it; 0
   sends nothing. */
uint8_t *begin_data(void);
void end_data(size_t length);

/* input.c */

/* How many bytes of standard input may be read now. */
size_t input_room(void);
/* Reads and sends data of standard input, as far as granted. */
void send_input(void);

/* asking.c */

/* Puts a question to the person, after those that were asked before; false if out of memory. */
bool add_question(uint32_t id, struct bytes text, bool echo);
/* A descriptor that is readable when a question has an answer; -1 for none. */
int asker_descriptor(void);
void receive_answer(void);

/* receiving.c */

/* Reads the available messages and acts on them. */
void receive_all(void);
/* The agent closed the connection or is silent: prints an error and ends the call. */
void lose_agent(bool silent);

/* lines.c */

void end_waiting(void);
/* Writes the launcher's own bytes to standard error. */
void print_own(const void *at, size_t length);
void print_line(const char *prefix, struct bytes line);
/* The same for a log entry. */
void log_line(const char *prefix, struct bytes line);
/* The bytes that left stderr's queue, minus the launcher's own. */
size_t without_own(size_t flushed);
/* Ends the call; its last line, for the log, is printed once the terminal is restored. */
void end_call(int exit_code, const char *prefix, struct bytes line);
/* The same with a line that is not for the log. */
void end_session(int exit_code, struct bytes farewell);
void print_last(void);

#endif
