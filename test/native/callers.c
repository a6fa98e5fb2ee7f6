// Who calls, as callers.c finds it: this process, whose own figures are known.
#include "../../native/callers.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static double faults_now () {
  struct rusage usage;
  assert(getrusage(RUSAGE_CHILDREN, &usage) == 0);
  return usage.ru_minflt;
}

static void is_this (uint32_t thread) {
  caller_t it = caller_of(thread);
  assert(it.process == (uint32_t) getpid());
  assert(it.faults == faults_now());
}

static void *in_thread (void *nothing) {
  uint32_t thread = syscall(SYS_gettid);
  assert(thread != (uint32_t) getpid());
  is_this(thread);
  return nothing;
}

static pid_t child () {
  pid_t pid = fork();
  assert(pid >= 0);
  if (pid == 0) _exit(0);
  return pid;
}

int main () {
  is_this(getpid());
  double before = faults_now();
  pid_t pid = child();
  assert(waitpid(pid, NULL, 0) == pid);
  assert(faults_now() > before);
  is_this(getpid());
  pthread_t thread;
  assert(pthread_create(&thread, NULL, in_thread, NULL) == 0 && pthread_join(thread, NULL) == 0);
  // A name may hold anything.
  assert(prctl(PR_SET_NAME, ") R 1 (Tgid:") == 0);
  is_this(getpid());
  // One that has ended, and is gone; one that the kernel does not tell.
  assert(caller_of(pid).process == 0 && caller_of(pid).faults < 0);
  assert(caller_of(0).process == 0 && caller_of(0).faults < 0);
  return 0;
}
