// Programs that have a file open, left to close-on-exec, and start others: callers MODE FILE. Each writes "whole\n" to it in
// two parts, with others started between them, and ends with 0. What has the file open at the end is the first process alone.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;
static char *other[] = { "true", NULL };

static void check(int isGood, const char *what) {
  if (isGood) return;
  perror(what);
  exit(2);
}

static void ended(pid_t pid) {
  int status;
  check(pid > 0, "start");
  check(waitpid(pid, &status, 0) == pid && status == 0, "end of the other");
}

static void run(void) {
  execvp(other[0], other);
  _exit(127);
}

static void by_fork(void) {
  pid_t pid = fork();
  if (pid == 0) run();
  ended(pid);
}

static void by_vfork(void) {
  pid_t pid = vfork();
  if (pid == 0) run();
  ended(pid);
}

static void by_spawn(void) {
  pid_t pid = 0;
  check(posix_spawnp(&pid, other[0], NULL, NULL, other, environ) == 0, "posix_spawn");
  ended(pid);
}

static int cloned(void *unused) {
  (void) unused;
  run();
  return 127;
}

// As Go's runtime does it.
static void by_clone(void) {
  static char stack[256 * 1024] __attribute__((aligned(16)));
  ended(clone(cloned, stack + sizeof(stack), CLONE_VFORK | CLONE_VM | SIGCHLD, NULL));
}

static void *sleeping(void *unused) {
  for (;;) pause();
  return unused;
}

static void *forking(void *unused) {
  for (int i = 0; i < 25; i++) by_fork();
  return unused;
}

// Several threads at once, each of whose children closes the file.
static void by_threads(void) {
  pthread_t threads[8];
  for (int i = 0; i < 8; i++) check(pthread_create(&threads[i], NULL, forking, NULL) == 0, "thread");
  for (int i = 0; i < 8; i++) pthread_join(threads[i], NULL);
}

// A child with threads becomes another program, from one that is not its first.
static void *becoming(void *unused) {
  run();
  return unused;
}

static void by_exec_of_threads(void) {
  pid_t pid = fork();
  if (pid == 0) {
    pthread_t thread;
    for (int i = 0; i < 20; i++) check(pthread_create(&thread, NULL, sleeping, NULL) == 0, "thread");
    check(pthread_create(&thread, NULL, becoming, NULL) == 0, "thread");
    for (;;) pause();
  }
  ended(pid);
}

// A child that is traced, stops at its exec, and goes on when it is told to.
static void by_traced(void) {
  int status;
  pid_t pid = fork();
  if (pid == 0) {
    check(ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0, "ptrace");
    raise(SIGSTOP);
    run();
  }
  check(waitpid(pid, &status, 0) == pid && WIFSTOPPED(status), "stop");
  check(ptrace(PTRACE_SETOPTIONS, pid, NULL, (void *) PTRACE_O_TRACEEXIT) == 0, "options");
  while (WIFSTOPPED(status)) {
    usleep(20000);
    check(ptrace(PTRACE_CONT, pid, NULL, NULL) == 0, "continue");
    check(waitpid(pid, &status, 0) == pid, "wait");
  }
  check(status == 0, "end of the traced");
}

// A child that has stopped has the file open, and then is killed; it never wrote to it.
static void by_stopped(void) {
  int status;
  pid_t pid = fork();
  if (pid == 0) {
    raise(SIGSTOP);
    _exit(1);
  }
  check(waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status), "stop");
  usleep(20000);
  check(kill(pid, SIGKILL) == 0 && waitpid(pid, &status, 0) == pid, "kill");
}

// Children that end and that nobody has asked for, when the file is closed.
static void by_zombies(void) {
  for (int i = 0; i < 20; i++) if (fork() == 0) _exit(0);
  usleep(20000);
}

static void by_storm(void) {
  for (int i = 0; i < 50; i++) {
    for (int k = 0; k < 4; k++) if (fork() == 0) run();
    while (waitpid(-1, NULL, 0) > 0) ;
  }
}

static void by_crowd(void) {
  struct rlimit limit = { 12000, 12000 };
  pthread_attr_t attributes;
  pthread_t thread;
  setrlimit(RLIMIT_NOFILE, &limit);
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, 64 * 1024);
  for (int i = 0; i < 2000; i++) check(pthread_create(&thread, &attributes, sleeping, NULL) == 0, "thread");
  for (int i = 0; i < 10000; i++) if (open("/dev/null", O_RDONLY | O_CLOEXEC) < 0) break;
}

static const struct { const char *name; void (*start)(void); } modes[] = {
  { "fork", by_fork }, { "vfork", by_vfork }, { "posix_spawn", by_spawn }, { "clone", by_clone },
  { "threads", by_threads }, { "exec-of-threads", by_exec_of_threads }, { "traced", by_traced },
  { "stopped", by_stopped }, { "zombies", by_zombies }, { "storm", by_storm }, { "crowd", by_crowd },
};

int main(int count, char **words) {
  check(count == 3, "callers MODE FILE");
  int file = open(words[2], O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
  check(file >= 0, words[2]);
  check(write(file, "who", 3) == 3, "write");
  for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) if (strcmp(words[1], modes[i].name) == 0) modes[i].start();
  check(write(file, "le\n", 3) == 3, "write");
  check(close(file) == 0, "close");
  return 0;
}
