// What the service manager is told: by a path and by an abstract name, as long as they may be, and where nobody listens or reads.
#define _GNU_SOURCE
#include "../../native/notify.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define check(is_so) check_at((is_so), #is_so, __LINE__)

static void check_at (int is_so, const char *what, int line) {
  if (is_so) return;
  fprintf(stderr, "wrong in notify.c, line %d: %s\n", line, what);
  abort();
}

// A manager that listens at an address as NOTIFY_SOCKET has it.
static int listen_at (const char *address) {
  struct sockaddr_un at = { .sun_family = AF_UNIX };
  memcpy(at.sun_path, address, strlen(address));
  if (address[0] == '@') at.sun_path[0] = 0;
  int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  check(bind(fd, (struct sockaddr *) &at, offsetof(struct sockaddr_un, sun_path) + strlen(address)) == 0);
  return fd;
}

static void is_told (const char *address) {
  char said[64] = "";
  int fd = listen_at(address);
  check(notify(address, "READY=1\nSTATUS=well") == 0);
  check(recv(fd, said, sizeof(said) - 1, MSG_DONTWAIT) == 19);
  check(strcmp(said, "READY=1\nSTATUS=well") == 0);
  close(fd);
}

int main (void) {
  char folder[] = "/tmp/as2fs-notify-XXXXXX", path[109], name[109];
  check(mkdtemp(folder) != NULL);
  snprintf(path, sizeof(path), "%s/socket", folder);
  is_told(path);
  check(notify(path, "READY=1") == ECONNREFUSED);
  unlink(path);
  check(notify(path, "READY=1") == ENOENT);

  snprintf(name, sizeof(name), "@as2fs-notify-%d", getpid());
  is_told(name);
  check(notify(name, "READY=1") == ECONNREFUSED);
  // As long as an address may be.
  memset(name + strlen(name), 'x', 108 - strlen(name));
  name[108] = 0;
  is_told(name);

  // A manager that reads nothing is not waited for.
  int fd = listen_at(path), told = 0;
  while (told < 100000 && notify(path, "WATCHDOG=1") == 0) told++;
  check(told > 0 && notify(path, "WATCHDOG=1") == EAGAIN);
  close(fd);
  unlink(path);
  rmdir(folder);

  char too_long[110];
  memset(too_long, '/', 109);
  too_long[109] = 0;
  check(notify(too_long, "READY=1") == EAFNOSUPPORT);
  check(notify("", "READY=1") == EAFNOSUPPORT);
  check(notify("@", "READY=1") == EAFNOSUPPORT);
  check(notify("vsock:2:1234", "READY=1") == EAFNOSUPPORT);
  return 0;
}
