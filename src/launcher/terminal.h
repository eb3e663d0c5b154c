/* The terminal at standard input. */
#ifndef SSHPOOL_TERMINAL_H
#define SSHPOOL_TERMINAL_H

#include "frames.h"

/* Four numbers: columns, rows, and the same in pixels; zeros where there is no terminal. */
void write_window_size(struct writer *to);
/* Whether it is another one than was written last. */
bool has_new_size(void);
/* Its modes (RFC 4254 section 8), as one field; empty where there is no terminal. */
void write_modes(struct writer *to);

/* Every byte comes as it is typed, and goes out as it is; as ssh does it (sshtty.c). */
void enter_raw_mode(void);
/* As it was found. May be called at any time, also by handlers of signals. */
void leave_raw_mode(void);

#endif
