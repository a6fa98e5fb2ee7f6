// What a service tells its manager. @see sd_notify(3)
#ifndef NOTIFY_H
#define NOTIFY_H

// One message to NOTIFY_SOCKET, a path or an abstract name that begins with @. Never waits. Returns 0, or the errno: EAGAIN where
// the manager has not read what came before.
int notify (const char *address, const char *message);

#endif
