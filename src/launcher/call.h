/* The one call of this process: its state, and who changes it. */
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
	/* Once what we have to say is written, the Node client goes on with it. */
	bool passed_on;
	/* When the agent last said something (now_ms), and whether it was asked to since. */
	int64_t heard_at;
	bool asked;
	int exit_code;
	/* Standard input: what to read it from, and how many bytes may be sent. */
	int input;
	bool input_wanted;
	bool input_closed;
	uint32_t granted;
	/* Bytes of output that left our hands and of which the agent does not know yet. */
	size_t taken;
	/* Of our own lines, bytes that wait among those of stderr. */
	size_t uncounted;
	bool stdout_closed_told;
	/* Escape characters; and once the person has ended the call by one, until when the agent may
	   answer (now_ms), 0 before. */
	struct escapes escapes;
	int64_t disconnect_by;
	/* The last line, until the terminal is itself again, and whether it is for the log. */
	const char *last_prefix;
	struct bytes last_line;
	bool last_is_logged;
	/* Where notes and failures go in place of standard error; -1 for nowhere. */
	int log;
	/* Whom we wait for, and whether to say so when that takes long. */
	bool sign_due;
	char target[256];
};

extern struct call call;
/* stdout and stderr. */
extern struct output outputs[2];

/* sshpool.c */

/* Before the command can have run: ssh itself does a call of ssh, the Node client sees to the others.
   It tries once more, unless the code of an error says that it need not. */
_Noreturn void do_without_agent(const char *code, const char *why);
/* The agent let us go before it greeted us: nothing was done, and the call is made again. */
void call_again(void);

/* sending.c */

void begin_call(void);
void answer_environment(const struct reader *patterns);
/* So many bytes more were written out or dropped. */
void tell_taken(size_t bytes);
/* Passes on the signal that was caught, or the new size of the terminal. */
void send_signal(void);
/* The size of the terminal, where it is another than was told. */
void send_new_size(void);
void send_disconnect(void);
/* A message that is nothing but its number. */
void send_plain(enum message number);
/* Data of standard input: where it goes, and then how much was put there; 0 sends nothing. */
uint8_t *begin_data(void);
void end_data(size_t length);

/* input.c */

/* How much of standard input may be read now. */
size_t input_room(void);
/* Reads and sends what standard input has, within what is granted. */
void send_input(void);

/* receiving.c */

/* Reads what is there and acts on it. */
void receive_all(void);
/* The agent has gone, or says nothing: tells of it and ends the call. */
void lose_agent(bool silent);

/* lines.c */

void end_waiting(void);
/* Bytes of our own for standard error. */
void print_own(const void *at, size_t length);
void print_line(const char *prefix, struct bytes line);
/* The same for what ssh would write to its log. */
void log_line(const char *prefix, struct bytes line);
/* What left stderr's queue, less what of it was never the agent's. */
size_t without_own(size_t flushed);
/* Ends the call; its last line, for the log, is printed when the terminal is itself again. */
void end_call(int exit_code, const char *prefix, struct bytes line);
/* The same with a line that is not for the log. */
void end_session(int exit_code, struct bytes farewell);
void print_last(void);

#endif
