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
	bool greeted;
	int exit_code;
	/* Standard input: what to read it from, and how many bytes may be sent. */
	int input;
	bool input_wanted;
	bool input_closed;
	uint32_t granted;
	struct escapes escapes;
	/* Bytes of output that left our hands and of which the agent does not know yet. */
	size_t taken;
	/* Of our own lines, bytes that wait among those of stderr. */
	size_t uncounted;
	bool stdout_closed_told;
	/* What is said at the end. */
	const char *last_prefix;
	struct bytes last;
	/* Whom we wait for, and whether to say so when that takes long. */
	bool sign_due;
	char target[256];
};

extern struct call call;
/* stdout and stderr. */
extern struct output outputs[2];

/* sending.c */

void begin_call(void);
void answer_environment(const struct reader *patterns);
/* So many bytes more were written out or dropped. */
void tell_taken(size_t bytes);
/* Passes on the signal that was caught. */
void handle_signal(void);
/* Tells the size of the terminal. */
void send_window_size(void);
/* Reads and sends what standard input has, within what is granted. */
void send_input(void);
/* The same, looking for escapes; more than one byte is granted. */
void send_typed(void);

/* receiving.c */

/* Reads what is there and acts on it. */
void receive_all(void);
/* Prints what answers an escape, with its character for each `~`. */
void print_escape(const char *text);
/* Prints what the end of the call has to say, once the terminal is itself again. */
void print_last(void);
/* What left stderr's queue, less what of it was never the agent's. */
size_t without_own(size_t flushed);

#endif
