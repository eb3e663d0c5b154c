/*
 * Starts programs and times them from start to end. Node takes milliseconds to start one, longer than
 * the measured times; this program takes a fraction of a millisecond, the same for every contender.
 *
 *   spawn SECONDS ROUNDS {IN OUT ERR EVERY TIMES PARALLEL ARGC ARG...}...
 *
 * In each round the contenders run one after the other, each in every EVERYth round: TIMES times,
 * at most PARALLEL at once. IN is a file or =TEXT, for a pipe that holds it. For each run a line:
 *
 *   CONTENDER ROUND NANOSECONDS FAILED LAST_STATUS CPU_MICROSECONDS RESIDENT_KIB
 *
 * A run that takes longer than SECONDS ends this and its process group.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static long long now(void) {
  struct timespec at;
  clock_gettime(CLOCK_MONOTONIC, &at);
  return at.tv_sec * 1000000000LL + at.tv_nsec;
}

static void too_late(int signal) {
  (void)signal;
  kill(0, SIGKILL);
}

/* Starts one: io is IN OUT ERR. */
static void start(char **io, char **argv) {
  posix_spawn_file_actions_t actions;
  pid_t pid;
  int ends[2] = {-1, -1};
  posix_spawn_file_actions_init(&actions);
  if (io[0][0] == '=') {
    ssize_t size = (ssize_t)strlen(io[0] + 1);
    if (pipe2(ends, O_CLOEXEC) != 0 || write(ends[1], io[0] + 1, size) != size) fail("pipe");
    close(ends[1]);
    posix_spawn_file_actions_adddup2(&actions, ends[0], 0);
  } else {
    posix_spawn_file_actions_addopen(&actions, 0, io[0], O_RDONLY, 0);
  }
  for (int fd = 1; fd <= 2; fd += 1) {
    int flags = O_WRONLY | O_CREAT | O_APPEND;
    posix_spawn_file_actions_addopen(&actions, fd, io[fd], flags, 0600);
  }
  errno = posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ);
  if (errno != 0) fail(argv[0]);
  posix_spawn_file_actions_destroy(&actions);
  if (ends[0] >= 0) close(ends[0]);
}

static void run(int contender, int round, char **io, int times, int parallel, char **argv) {
  int started = 0, ended = 0, failed = 0, last = 0;
  long long cpu = 0;
  long resident = 0;
  long long began = now();
  while (ended < times) {
    int status;
    struct rusage used;
    if (started < times && started - ended < parallel) {
      start(io, argv);
      started += 1;
      continue;
    }
    if (wait4(-1, &status, 0, &used) < 0) fail("wait4");
    ended += 1;
    cpu += (used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000000LL;
    cpu += used.ru_utime.tv_usec + used.ru_stime.tv_usec;
    if (used.ru_maxrss > resident) resident = used.ru_maxrss;
    if (status != 0) {
      failed += 1;
      last = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }
  }
  printf("%d %d %lld %d %d %lld %ld\n", contender, round, now() - began, failed, last, cpu, resident);
  fflush(stdout);
}

int main(int argc, char **argv) {
  if (argc < 3) return 2;
  int seconds = atoi(argv[1]), rounds = atoi(argv[2]);
  /* Each program ends with a NULL of its own, in the place of the next one's IN. */
  char **words = calloc(argc + 1, sizeof *words);
  if (words == NULL) fail("calloc");
  memcpy(words, argv, argc * sizeof *words);
  signal(SIGALRM, too_late);
  for (int round = 0; round < rounds; round += 1) {
    int contender = 0;
    for (int at = 3; at < argc; contender += 1) {
      char **given = argv + at;
      int every = atoi(given[3]), count = atoi(given[6]);
      char **program = words + at + 7;
      at += 7 + count;
      if ((round + 1) % every != 0) continue;
      program[count] = NULL;
      alarm(seconds);
      run(contender, round, given, atoi(given[4]), atoi(given[5]), program);
    }
  }
  free(words);
  return 0;
}
