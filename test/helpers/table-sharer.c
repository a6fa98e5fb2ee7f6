// Two processes with one table of descriptors: table-sharer FILE opener|child. The one that is named opens the file or, as the child,
// writes to it, and is killed; the other closes it then, which is the only close there is.
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void check(int isGood, const char *what) {
  if (isGood) return;
  perror(what);
  exit(2);
}

static void half_and_killed(int file) {
  check(write(file, "half", 4) == 4, "write");
  raise(SIGKILL);
}

int main(int count, char **arguments) {
  check(count == 3, "usage");
  int isOpener = strcmp(arguments[2], "opener") == 0;
  int file = isOpener ? -1 : open(arguments[1], O_CREAT | O_WRONLY, 0600);
  // A copy of the memory, as fork(2) makes one.
  pid_t child = syscall(SYS_clone, CLONE_FILES | SIGCHLD, 0, 0, 0, 0);
  check(child >= 0, "clone");
  if (child == 0) {
    if (isOpener) file = open(arguments[1], O_CREAT | O_WRONLY, 0600);
    half_and_killed(file);
  }
  check(waitpid(child, NULL, 0) == child, "waitpid");
  // The lowest that was free, in a table that is ours as well.
  if (isOpener) file = 3;
  check(close(file) == 0, "close");
  return 0;
}
