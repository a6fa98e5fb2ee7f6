// Mounts: as root by mount(2), else by fusermount, which is allowed to.
#define _GNU_SOURCE
#include "session.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

// By which programs, and our own start, tell whose mount it is.
#define SUBTYPE "as2fs"

static int mount_directly (const char *mountpoint, const char *source, bool read_only, bool others) {
  struct stat root;
  char options[256];
  if (stat(mountpoint, &root) != 0) return -1;
  // A child that outlives this process would keep the mount from being over, and every call on it waiting.
  int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
  if (fd < 0) return -1;
  snprintf(options, sizeof(options), "fd=%d,rootmode=%o,user_id=%u,group_id=%u%s", fd, root.st_mode & S_IFMT, getuid(), getgid(),
    others ? ",allow_other,default_permissions" : "");
  unsigned long flags = MS_NOSUID | MS_NODEV | (read_only ? MS_RDONLY : 0);
  if (mount(source, mountpoint, "fuse." SUBTYPE, flags, options) == 0) return fd;
  int reason = errno;
  close(fd);
  errno = reason;
  return -1;
}

// A comma ends an option, but for a backslash before it.
static char *option_of (const char *source) {
  char *option = malloc(2 * strlen(source) + 1);
  char *end = option;
  for (; option != NULL && *source != 0; source++) {
    if (*source == ',' || *source == '\\') *end++ = '\\';
    *end++ = *source;
  }
  if (option != NULL) *end = 0;
  return option;
}

// fusermount sends the descriptor over the socket whose number is in its environment.
static int receive (int socket) {
  char byte;
  char control[CMSG_SPACE(sizeof(int))];
  struct iovec part = { &byte, 1 };
  struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control) };
  ssize_t length;
  do length = recvmsg(socket, &message, MSG_CMSG_CLOEXEC); while (length < 0 && errno == EINTR);
  struct cmsghdr *header = length > 0 ? CMSG_FIRSTHDR(&message) : NULL;
  if (header == NULL || header->cmsg_type != SCM_RIGHTS) return -1;
  int fd;
  memcpy(&fd, CMSG_DATA(header), sizeof(fd));
  return fd;
}

// In the child, between fork and exec: nothing but calls of the kernel.
static void become_fusermount (char *const arguments[], char *const environment[], int socket, int errors) {
  fcntl(socket, F_SETFD, 0);
  dup2(errors, STDERR_FILENO);
  const char *places[] = { "/usr/bin/fusermount3", "/bin/fusermount3", "/usr/bin/fusermount", "/bin/fusermount", "/usr/local/bin/fusermount3", "/usr/local/bin/fusermount" };
  for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) execve(places[i], arguments, environment);
  execvpe("fusermount3", arguments, environment);
  execvpe("fusermount", arguments, environment);
  _exit(127);
}

// What it says of a failure, without the end of the line. Nothing: `why` stays as it is.
static void read_reason (int errors, char *why, size_t size) {
  char said[512];
  ssize_t length = read(errors, said, sizeof(said));
  if (length > 0 && said[length - 1] == '\n') length--;
  if (length > 0) snprintf(why, size, "%.*s", (int) length, said);
}

static int run_fusermount (const char *mountpoint, char *options, const int sockets[2], const int errors[2], char *why, size_t size) {
  char variable[64];
  char path_variable[4096] = "PATH=/usr/bin:/bin";
  const char *path = getenv("PATH");
  snprintf(variable, sizeof(variable), "_FUSE_COMMFD=%d", sockets[0]);
  if (path != NULL && strlen(path) < sizeof(path_variable) - 6) snprintf(path_variable, sizeof(path_variable), "PATH=%s", path);
  char *arguments[] = { "fusermount", "-o", options, "--", (char *) mountpoint, NULL };
  char *environment[] = { variable, path_variable, NULL };
  pid_t child = fork();
  if (child == 0) become_fusermount(arguments, environment, sockets[0], errors[1]);
  // Its ends, so that ours end when it does.
  close(sockets[0]);
  close(errors[1]);
  int fd = child < 0 ? -1 : receive(sockets[1]);
  if (fd < 0 && child > 0) read_reason(errors[0], why, size);
  if (child > 0) while (waitpid(child, NULL, 0) < 0 && errno == EINTR);
  close(sockets[1]);
  close(errors[0]);
  return fd;
}

static int mount_by_fusermount (const char *mountpoint, const char *source, bool read_only, bool others, char *why, size_t size) {
  int sockets[2], errors[2], fd = -1;
  char *options = NULL;
  char *name = option_of(source);
  if (name != NULL && asprintf(&options, "fsname=%s,subtype=" SUBTYPE ",nosuid,nodev%s%s", name, read_only ? ",ro" : "",
    others ? ",allow_other,default_permissions" : "") < 0) options = NULL;
  if (options != NULL && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) == 0) {
    if (pipe2(errors, O_CLOEXEC) == 0) fd = run_fusermount(mountpoint, options, sockets, errors, why, size);
    else {
      close(sockets[0]);
      close(sockets[1]);
    }
  }
  free(options);
  free(name);
  return fd;
}

int kernel_mount (const char *mountpoint, const char *source, bool read_only, bool others, char *why, size_t size) {
  *why = 0;
  int fd = mount_directly(mountpoint, source, read_only, others);
  if (fd >= 0) return fd;
  int reason = errno;
  snprintf(why, size, "%s", strerror(reason));
  // Who may not mount may ask fusermount; it tells on stderr why not.
  if (reason == EPERM) fd = mount_by_fusermount(mountpoint, source, read_only, others, why, size);
  return fd;
}
