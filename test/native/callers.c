// Who calls, as callers.c finds it: this process, whose own figures are known.
#define _GNU_SOURCE
#include "../../native/callers.h"

#include <assert.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
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

static const char name[] = "invoice.edi";

// Of the file that is asked for.
static const char *sought = name;

// What a process that is not this one answers for, asked from here while it waits.
static double faults_of (pid_t pid) {
  return faults_if_alone(pid, sought);
}

static void opened (char *folder, const char *file) {
  char path[128];
  snprintf(path, sizeof(path), "%s/%s", folder, file);
  assert(open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600) >= 0);
}

static void nothing (char *folder) {}
// Its mount is known, and is the kernel's own.
static void same_name_elsewhere (char *folder) { opened(folder, name); }
static void removed_elsewhere (char *folder) {
  char path[128];
  opened(folder, name);
  snprintf(path, sizeof(path), "%s/%s", folder, name);
  assert(unlink(path) == 0);
}
// A file of no mount that anybody sees, by a name that it gives itself.
static void same_name_nowhere (char *folder) {
  int file = memfd_create("x/invoice.edi", MFD_CLOEXEC);
  assert(file >= 0);
}
static void many_descriptors (char *folder) { for (int i = 0; i < 70; i++) assert(dup(0) >= 0); }
static void a_child (char *folder) { if (fork() == 0) for (;;) pause(); }
static void a_zombie (char *folder) { siginfo_t info; assert(waitid(P_PID, child(), &info, WEXITED | WNOWAIT) == 0); }
static void ignored_children (char *folder) { assert(signal(SIGCHLD, SIG_IGN) != SIG_ERR); }
static void *for_ever (void *nothing) {
  for (;;) pause();
  return nothing;
}
static void a_thread (char *folder) { pthread_t thread; assert(pthread_create(&thread, NULL, for_ever, NULL) == 0); }
static void a_reaped_child (char *folder) { pid_t pid = child(); assert(waitpid(pid, NULL, 0) == pid); }

// A process that does something, and waits then. Returns what is told of it.
static double after (void (*act) (char *), char *folder) {
  int ready[2];
  assert(pipe(ready) == 0);
  pid_t pid = fork();
  if (pid == 0) {
    setpgid(0, 0);
    act(folder);
    assert(write(ready[1], "", 1) == 1);
    for (;;) pause();
  }
  char byte;
  assert(read(ready[0], &byte, 1) == 1);
  double faults = faults_of(pid);
  assert(kill(-pid, SIGKILL) == 0 && waitpid(pid, NULL, 0) == pid);
  close(ready[0]);
  close(ready[1]);
  // It is gone.
  assert(faults_of(pid) < 0);
  return faults;
}

// That sanitizer has a thread of its own in each process: none is alone.
#ifdef __SANITIZE_THREAD__
static const bool may_be_alone = false;
#else
static const bool may_be_alone = true;
#endif

static void who_closes_alone () {
  char folder[] = "/tmp/callers-XXXXXX";
  assert(mkdtemp(folder) != NULL);
  assert(after(nothing, folder) == (may_be_alone ? 0 : -1));
  assert(after(same_name_elsewhere, folder) == (may_be_alone ? 0 : -1));
  assert(after(removed_elsewhere, folder) == (may_be_alone ? 0 : -1));
  assert((after(a_reaped_child, folder) > 0) == may_be_alone);
  assert(after(same_name_nowhere, folder) < 0);
  // One whose name ends as the kernel ends what was deleted.
  sought = "invoice.edi (deleted)";
  assert(after(same_name_nowhere, folder) < 0);
  sought = "edi";
  assert(after(same_name_nowhere, folder) == (may_be_alone ? 0 : -1));
  sought = name;
  assert(after(many_descriptors, folder) < 0);
  assert(after(a_child, folder) < 0);
  assert(after(a_zombie, folder) < 0);
  assert(after(a_thread, folder) < 0);
  assert(after(ignored_children, folder) < 0);
  // One that has ended, and that nobody has asked how; nobody.
  pid_t pid = child();
  siginfo_t info;
  assert(waitid(P_PID, pid, &info, WEXITED | WNOWAIT) == 0);
  assert(faults_of(pid) < 0);
  assert(waitpid(pid, NULL, 0) == pid);
  assert(faults_if_alone(0, name) < 0);
  assert(rmdir(folder) == 0);
}

int main () {
  // Before there are threads of a sanitizer's making.
  who_closes_alone();
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
