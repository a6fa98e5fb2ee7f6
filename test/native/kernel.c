// Plays the kernel's end of /dev/fuse: hands out calls, and takes exactly one answer for each.
#include "played.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct request {
  struct request *next;
  size_t length;
  answer_t *answer;         // NULL: none is expected
  bool is_answered;
  bool is_unwanted;
  uint32_t opcode;
  uint64_t unique;
  _Alignas(8) char bytes[];
} request_t;

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t asked = PTHREAD_COND_INITIALIZER;
static pthread_cond_t answered = PTHREAD_COND_INITIALIZER;
static request_t *first, *last, *given;
static uint64_t last_unique;
static uint32_t dying_pid;
static bool is_over;

void kernel_begin (uint32_t dying) {
  dying_pid = dying;
}

void kernel_end () {
  pthread_mutex_lock(&mutex);
  is_over = true;
  pthread_cond_broadcast(&asked);
  pthread_mutex_unlock(&mutex);
}

// The mutex is held.
static void queue (request_t *request) {
  request->next = NULL;
  if (last == NULL) first = request; else last->next = request;
  last = request;
  pthread_cond_signal(&asked);
}

static request_t *make (uint32_t opcode, uint64_t node, const void *head, size_t head_length, const void *tail, size_t tail_length) {
  struct fuse_in_header in = { .opcode = opcode, .nodeid = node, .pid = chance(4) ? (uint32_t) getpid() : dying_pid };
  request_t *request = calloc(1, sizeof(request_t) + sizeof(in) + head_length + tail_length);
  request->opcode = opcode;
  in.len = request->length = sizeof(in) + head_length + tail_length;
  memcpy(request->bytes, &in, sizeof(in));
  if (head_length > 0) memcpy(request->bytes + sizeof(in), head, head_length);
  if (tail_length > 0) memcpy(request->bytes + sizeof(in) + head_length, tail, tail_length);
  return request;
}

static void interrupt (uint64_t unique) {
  struct fuse_interrupt_in in = { .unique = unique };
  request_t *request = make(FUSE_INTERRUPT, 0, &in, sizeof(in), NULL, 0);
  ((struct fuse_in_header *) request->bytes)->unique = unique | 1;
  queue(request);
}

void ask (uint32_t opcode, uint64_t node, const void *head, size_t head_length, const void *tail, size_t tail_length, answer_t *answer) {
  request_t *request = make(opcode, node, head, head_length, tail, tail_length);
  request->answer = answer;
  pthread_mutex_lock(&mutex);
  request->unique = last_unique += 2;
  ((struct fuse_in_header *) request->bytes)->unique = request->unique;
  request->is_unwanted = opcode != FUSE_RELEASE && opcode != FUSE_RELEASEDIR && chance(50) == 0;
  queue(request);
  if (chance(20) == 0) interrupt(request->unique);
  while (!request->is_answered) pthread_cond_wait(&answered, &mutex);
  pthread_mutex_unlock(&mutex);
  free(request);
}

static void tell (uint32_t opcode, uint64_t node, const void *head, size_t head_length, const void *tail, size_t tail_length) {
  request_t *request = make(opcode, node, head, head_length, tail, tail_length);
  pthread_mutex_lock(&mutex);
  queue(request);
  pthread_mutex_unlock(&mutex);
}

void tell_forget (uint64_t node, uint64_t lookups) {
  struct fuse_forget_in in = { .nlookup = lookups };
  tell(FUSE_FORGET, node, &in, sizeof(in), NULL, 0);
}

void tell_forgets (const struct fuse_forget_one *all, uint32_t count) {
  struct fuse_batch_forget_in in = { .count = count };
  tell(FUSE_BATCH_FORGET, 0, &in, sizeof(in), all, count * sizeof(*all));
}

ssize_t __wrap_read (int fd, void *bytes, size_t size) {
  (void) fd;
  if (chance(40) == 0) return errno = chance(2) ? EINTR : ENOENT, -1;
  pthread_mutex_lock(&mutex);
  while (first == NULL && !is_over) pthread_cond_wait(&asked, &mutex);
  request_t *request = first;
  if (request != NULL) {
    first = request->next;
    if (first == NULL) last = NULL;
    if (request->length > size) wrong("a buffer is too small", size, request->length);
    memcpy(bytes, request->bytes, request->length);
  }
  ssize_t length = request == NULL ? -1 : (ssize_t) request->length;
  if (request != NULL && request->answer != NULL) {
    request->next = given;
    given = request;
  } else free(request);
  pthread_mutex_unlock(&mutex);
  if (length < 0) errno = ENODEV;
  return length;
}

// Of a signal that was told of too early or too late.
static ssize_t take_interrupt (const struct fuse_out_header *out) {
  if (out->error != -EAGAIN) wrong("an interrupt was answered", out->unique, -out->error);
  uint64_t unique = out->unique & ~(uint64_t) 1;
  request_t *request = given;
  while (request != NULL && request->unique != unique) request = request->next;
  if (request == NULL) return errno = ENOENT, -1;
  interrupt(unique);
  return sizeof(*out);
}

static ssize_t take (const struct fuse_out_header *out, const struct iovec *parts, int count) {
  request_t **link = &given;
  while (*link != NULL && (*link)->unique != out->unique) link = &(*link)->next;
  request_t *request = *link;
  if (request == NULL) wrong("an answer to what was not asked, or a second one", out->unique, -out->error);
  *link = request->next;
  answer_t *answer = request->answer;
  answer->error = request->is_unwanted ? ECONNABORTED : -out->error;
  answer->length = 0;
  for (int i = 1; i < count; i++) {
    if (answer->length + parts[i].iov_len > sizeof(answer->bytes)) wrong("an answer is too long", parts[i].iov_len, i);
    memcpy(answer->bytes + answer->length, parts[i].iov_base, parts[i].iov_len);
    answer->length += parts[i].iov_len;
  }
  if (out->len != sizeof(*out) + answer->length) wrong("an answer tells another length", out->len, answer->length);
  bool is_entry = request->opcode == FUSE_LOOKUP || request->opcode == FUSE_CREATE || request->opcode == FUSE_MKDIR;
  if (is_entry && answer->error == 0) learn((const struct fuse_entry_out *) answer->bytes);
  if (request->opcode == FUSE_READDIRPLUS && answer->error == 0) {
    for (size_t at = 0; at < answer->length;) {
      const struct fuse_direntplus *entry = (const struct fuse_direntplus *) (answer->bytes + at);
      if (entry->entry_out.nodeid != 0) learn(&entry->entry_out);
      at += FUSE_DIRENTPLUS_SIZE(entry);
    }
  }
  bool is_taken = !request->is_unwanted;
  request->is_answered = true;
  pthread_cond_broadcast(&answered);
  return is_taken ? (ssize_t) out->len : (errno = ENOENT, -1);
}

ssize_t __wrap_writev (int fd, const struct iovec *parts, int count) {
  (void) fd;
  const struct fuse_out_header *out = parts[0].iov_base;
  if (out->unique == 0) return out->len;
  if (out->error > 0 || out->error <= -512) wrong("no errno", out->unique, out->error);
  pthread_mutex_lock(&mutex);
  ssize_t result = out->unique & 1 ? take_interrupt(out) : take(out, parts, count);
  int reason = errno;
  pthread_mutex_unlock(&mutex);
  errno = reason;
  return result;
}
