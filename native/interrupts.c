// Callers that get a signal while they wait. The kernel tells of the first one only, whatever it is, and an answer of EINTR
// would surprise a program that merely handles some signal: so those that are being killed are looked for.
#include "session.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

// A second signal is seen so much later, at most.
static const long look_every_ms = 100;

static uint64_t bit (int number) {
  return (uint64_t) 1 << (number - 1);
}

static bool field (const char *line, const char *name, uint64_t *value) {
  size_t length = strlen(name);
  if (strncmp(line, name, length) != 0) return false;
  *value = strtoull(line + length, NULL, 16);
  return true;
}

// Whether a signal that ends it waits for a thread. @see proc(5), /proc/pid/status
static bool is_dying (uint32_t pid) {
  char path[64];
  char line[256];
  uint64_t own = 0, shared = 0, blocked = 0, ignored = 0, caught = 0;
  snprintf(path, sizeof(path), "/proc/%u/status", pid);
  FILE *status = fopen(path, "re");
  if (status == NULL) return false;
  while (fgets(line, sizeof(line), status) != NULL) {
    if (field(line, "SigPnd:", &own) || field(line, "ShdPnd:", &shared) || field(line, "SigBlk:", &blocked)) continue;
    if (!field(line, "SigIgn:", &ignored)) field(line, "SigCgt:", &caught);
  }
  fclose(status);
  uint64_t harmless = bit(SIGCHLD) | bit(SIGCONT) | bit(SIGURG) | bit(SIGWINCH);
  uint64_t stops = bit(SIGSTOP) | bit(SIGTSTP) | bit(SIGTTIN) | bit(SIGTTOU);
  return ((own | shared) & ~(blocked | ignored | caught | harmless | stops)) != 0;
}

// The mutex is held. Without memory it waits like everybody else.
static void tell_dying (session_t *it, uint64_t unique) {
  if (it->dying_count == it->dying_size) {
    uint32_t size = it->dying_size == 0 ? 64 : 2 * it->dying_size;
    uint64_t *larger = realloc(it->dying, size * sizeof(uint64_t));
    if (larger == NULL) return;
    it->dying = larger;
    it->dying_size = size;
  }
  it->dying[it->dying_count++] = unique;
}

// Looks at each, without the mutex: a read of /proc may take its time. Who still waits is looked at again: also of one that dies
// JavaScript is told anew, as the call may have been parked, or in the queue, when it was told.
static interrupt_t *look (session_t *it, interrupt_t *all) {
  interrupt_t *waiting = NULL;
  while (all != NULL) {
    interrupt_t *one = all;
    all = one->next;
    bool dies = is_dying(one->pid);
    pthread_mutex_lock(&it->mutex);
    // Once it is over, nobody answers the calls that are known.
    bool is_known = !it->is_over && call_known(it, one->unique) != NULL;
    if (is_known && dies) tell_dying(it, one->unique);
    pthread_mutex_unlock(&it->mutex);
    if (is_known && dies) it->wake(it);
    if (is_known) {
      one->next = waiting;
      waiting = one;
    } else free(one);
  }
  return waiting;
}

static void pause_a_moment (session_t *it, bool some) {
  struct timespec until;
  clock_gettime(CLOCK_MONOTONIC, &until);
  until.tv_nsec += look_every_ms * 1000000;
  until.tv_sec += until.tv_nsec / 1000000000;
  until.tv_nsec %= 1000000000;
  if (some) pthread_cond_timedwait(&it->interrupted, &it->mutex, &until);
  else while (it->interrupts == NULL) pthread_cond_wait(&it->interrupted, &it->mutex);
}

static void *interrupter (void *data) {
  session_t *it = data;
  interrupt_t *waiting = NULL;
  for (;;) {
    pthread_mutex_lock(&it->mutex);
    pause_a_moment(it, waiting != NULL);
    interrupt_t *all = it->interrupts;
    it->interrupts = NULL;
    pthread_mutex_unlock(&it->mutex);
    while (waiting != NULL) {
      interrupt_t *next = waiting->next;
      waiting->next = all;
      all = waiting;
      waiting = next;
    }
    waiting = look(it, all);
  }
  return NULL;
}

bool interrupts_start (session_t *it) {
  return pthread_create(&it->interrupter, NULL, interrupter, it) == 0 && pthread_detach(it->interrupter) == 0;
}

void interrupts_add (session_t *it, const struct fuse_in_header *in, uint64_t unique) {
  pthread_mutex_lock(&it->mutex);
  call_t *call = call_known(it, unique);
  // Of who is in another namespace nothing can be told.
  interrupt_t *one = call == NULL || call->pid == 0 ? NULL : malloc(sizeof(interrupt_t));
  if (one != NULL) {
    *one = (interrupt_t) { .next = it->interrupts, .unique = unique, .pid = call->pid };
    it->interrupts = one;
    pthread_cond_signal(&it->interrupted);
  }
  pthread_mutex_unlock(&it->mutex);
  // Another thread may have the call in its hands yet: the kernel says it again. Of one that is answered it knows.
  if (call == NULL) reply(it, in->unique, EAGAIN, NULL, 0, NULL, 0);
}
