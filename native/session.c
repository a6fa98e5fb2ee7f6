// What a session begins with.
#include "session.h"

#include <time.h>

bool session_init (session_t *it, double attr_timeout) {
  pthread_condattr_t attributes;
  if (!nodes_init(&it->nodes) || pthread_condattr_init(&attributes) != 0) return false;
  // Whoever waits for so long must not wait for a clock that was set back.
  pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
  pthread_mutex_init(&it->mutex, NULL);
  pthread_mutex_init(&it->kept.mutex, NULL);
  pthread_cond_init(&it->buffer_freed, NULL);
  pthread_cond_init(&it->interrupted, &attributes);
  pthread_condattr_destroy(&attributes);
  it->attr_timeout = attr_timeout;
  return true;
}
