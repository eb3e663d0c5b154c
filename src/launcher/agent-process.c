/* The attributes that an agent's process does not inherit from its starter; src/client/call/spawn.ts
   does the same. */
#define _GNU_SOURCE

#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent.h"
#include "launcher.h"

extern char **environ;

/* The usual stack size. Without a limit Linux uses its legacy memory layout. */
enum { STACK_BYTES = 8 * 1024 * 1024 };

/* Soft limits that are raised to the hard limit. */
static const int RAISED[] = {
	RLIMIT_AS,
	RLIMIT_CPU,
	RLIMIT_DATA,
	RLIMIT_FSIZE,
	RLIMIT_NOFILE,
	RLIMIT_MEMLOCK,
	RLIMIT_NPROC,
	RLIMIT_RSS,
};

/* Limits that the system refuses to change stay. */
static void make_limits(void) {
	struct rlimit limit;
	for (size_t i = 0; i < sizeof RAISED / sizeof RAISED[0]; i++) {
		if (getrlimit(RAISED[i], &limit) != 0) continue;
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RAISED[i], &limit);
	}
	if (getrlimit(RLIMIT_STACK, &limit) == 0) {
		bool smaller = limit.rlim_max != RLIM_INFINITY && limit.rlim_max < STACK_BYTES;
		limit.rlim_cur = smaller ? limit.rlim_max : STACK_BYTES;
		setrlimit(RLIMIT_STACK, &limit);
	}
	/* No core file: the agent's memory holds passwords and keys. */
	limit = (struct rlimit){.rlim_cur = 0, .rlim_max = 0};
	setrlimit(RLIMIT_CORE, &limit);
}

/* Ignored signals and blocked ones survive exec(2). */
static void make_signals(void) {
	sigset_t none;
	for (int number = 1; number < NSIG; number++) signal(number, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

void make_process(void) {
	char **environment = agent_environment();
	if (environment == NULL) _exit(127);
	environ = environment;
	make_limits();
	make_signals();
	/* Raising the priority needs root or RLIMIT_NICE. */
	setpriority(PRIO_PROCESS, 0, 0);
	umask(077);
}
