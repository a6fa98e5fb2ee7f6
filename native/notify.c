// Tells the service manager how the service is.
#define _GNU_SOURCE
#include "notify.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

// Its length; 0: it is none that we know.
static socklen_t address_of (const char *text, struct sockaddr_un *address) {
  size_t length = strlen(text);
  // No zero is needed at the end: the length says where it is.
  if ((text[0] != '/' && text[0] != '@') || length < 2 || length > sizeof(address->sun_path)) return 0;
  memset(address, 0, sizeof(*address));
  address->sun_family = AF_UNIX;
  memcpy(address->sun_path, text, length);
  if (text[0] == '@') address->sun_path[0] = 0;
  return offsetof(struct sockaddr_un, sun_path) + length;
}

int notify (const char *address, const char *message) {
  struct sockaddr_un to;
  socklen_t length = address_of(address, &to);
  if (length == 0) return EAFNOSUPPORT;
  // It tells by the sender's process whether to believe it, and that is this one, whichever thread sends.
  int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return errno;
  ssize_t sent;
  do sent = sendto(fd, message, strlen(message), MSG_NOSIGNAL | MSG_DONTWAIT, (struct sockaddr *) &to, length);
  while (sent < 0 && errno == EINTR);
  int reason = sent < 0 ? errno : 0;
  close(fd);
  return reason;
}
