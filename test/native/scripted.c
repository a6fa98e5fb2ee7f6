#include "scripted.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MOST_ANSWERS 512
// Of a mount that only begins.
#define GREETING -2

// A thread of a scene that is over may yet be on its way out.
static session_t sessions[64];
static uint32_t scenes;
session_t *session;
const char *scene;

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static char request[BUFFER_BYTES];
static ssize_t request_length;      // 0: there is none; -1: it is over
static uint32_t waiting;            // threads that want a call
static answer_t answers[MOST_ANSWERS];
static uint32_t answered, refused;
static uint64_t last_unique;
static call_t *taken;               // by JavaScript, and not looked at yet

void check_at (bool is_so, const char *what, int line) {
  if (is_so) return;
  fprintf(stderr, "wrong in '%s', line %d: %s\n", scene, line, what);
  abort();
}

static char greeting[256];
static size_t greeting_length;
static bool is_signalled;
static struct fuse_init_out *greeted;

int greet (uint32_t major, uint32_t minor, size_t length, struct fuse_init_out *out) {
  struct fuse_in_header head = { .len = sizeof(head) + length, .opcode = FUSE_INIT, .unique = 2 };
  struct fuse_init_in in = { .major = major, .minor = minor, .max_readahead = 64 * 1024, .flags = UINT32_MAX };
  static session_t beginning = { .fd = GREETING };
  memcpy(greeting, &head, sizeof(head));
  memcpy(greeting + sizeof(head), &in, sizeof(in));
  greeting_length = sizeof(head) + length;
  is_signalled = true;
  greeted = out;
  return session_greet(&beginning, 1024 * 1024);
}

static ssize_t read_greeting (void *bytes) {
  if (is_signalled) return is_signalled = false, errno = EINTR, -1;
  memcpy(bytes, greeting, greeting_length);
  return greeting_length;
}

ssize_t __wrap_read (int fd, void *bytes, size_t size) {
  if (fd == GREETING) return read_greeting(bytes);
  pthread_mutex_lock(&mutex);
  waiting++;
  pthread_cond_broadcast(&changed);
  while (request_length == 0) pthread_cond_wait(&changed, &mutex);
  waiting--;
  ssize_t length = request_length;
  if (length > 0) {
    check((size_t) length <= size);
    memcpy(bytes, request, length);
    request_length = 0;
  } else errno = ENODEV;
  pthread_mutex_unlock(&mutex);
  return length;
}

void (*before_answer) (void);

ssize_t __wrap_writev (int fd, const struct iovec *parts, int count) {
  const struct fuse_out_header *out = parts[0].iov_base;
  if (before_answer != NULL) before_answer();
  size_t length = 0;
  if (fd == GREETING) return memcpy(greeted, parts[1].iov_base, sizeof(*greeted)), out->len;
  pthread_mutex_lock(&mutex);
  check(answered < MOST_ANSWERS);
  answer_t *answer = &answers[answered];
  *answer = (answer_t) { .unique = out->unique, .error = -out->error };
  for (int i = 1; i < count; i++) {
    check(length + parts[i].iov_len <= sizeof(answer->bytes));
    memcpy(answer->bytes + length, parts[i].iov_base, parts[i].iov_len);
    length += parts[i].iov_len;
  }
  answer->length = length;
  check(out->len == sizeof(*out) + length);
  bool is_of_interrupt = out->unique & 1;
  if (is_of_interrupt && out->error == -EAGAIN) refused++;
  // Without a number it is no answer.
  if (!is_of_interrupt && out->unique != 0) answered++;
  pthread_mutex_unlock(&mutex);
  return out->len;
}

static atomic_uint wakes;

static void wake (session_t *it) {
  (void) it;
  wakes++;
}

uint32_t wakes_so_far () {
  return wakes;
}

// Until all threads want another call.
static void until_read () {
  while (request_length != 0 || waiting < READERS) pthread_cond_wait(&changed, &mutex);
}

void scene_begin (const char *name) {
  scene = name;
  check(scenes < sizeof(sessions) / sizeof(*sessions));
  session = &sessions[scenes++];
  request_length = 0;
  answered = refused = 0;
  check(session_init(session, 1));
  for (uint32_t i = 0; i < BUFFERS; i++) {
    session->buffers[i] = (buffer_t) { .bytes = malloc(BUFFER_BYTES), .ordinal = i, .next = session->free_buffers };
    session->free_buffers = &session->buffers[i];
  }
  session->wake = wake;
  check(session_start(session));
}

void scene_end () {
  pthread_mutex_lock(&mutex);
  until_read();
  request_length = -1;
  pthread_cond_broadcast(&changed);
  pthread_mutex_unlock(&mutex);
  for (bool is_over = false; !is_over;) {
    pthread_mutex_lock(&session->mutex);
    is_over = session->is_over;
    pthread_mutex_unlock(&session->mutex);
    if (!is_over) usleep(100);
  }
  check(take() == NULL);
  check(session->waiting == 0 && session->parked == NULL);
  check(session->nodes.count == 0 && session->nodes.root.users == 0);
  for (uint32_t i = 0; i < answered; i++) for (uint32_t k = 0; k < i; k++) check(answers[i].unique != answers[k].unique);
  for (uint32_t i = 0; i < BUFFERS; i++) free(session->buffers[i].bytes);
  kept_drop(&session->kept, false);
  files_end(session);
  free(session->dying);
  nodes_destroy(&session->nodes);
}

static void hand_out (const void *bytes, size_t length) {
  pthread_mutex_lock(&mutex);
  until_read();
  memcpy(request, bytes, length);
  request_length = length;
  pthread_cond_broadcast(&changed);
  until_read();
  pthread_mutex_unlock(&mutex);
}

uint64_t ask_cut (uint32_t opcode, const void *bytes, size_t length, uint32_t told_length) {
  char all[8192] = { 0 };
  struct fuse_in_header in = { .len = sizeof(in) + told_length, .opcode = opcode, .unique = last_unique += 2, .nodeid = FUSE_ROOT_ID };
  memcpy(all, &in, sizeof(in));
  if (length > 0) memcpy(all + sizeof(in), bytes, length);
  hand_out(all, sizeof(in) + length);
  return in.unique;
}

uint64_t ask_by (uint32_t pid, uint32_t opcode, uint64_t node, const void *head, size_t head_length, const void *tail, size_t tail_length) {
  char all[8192];
  size_t length = sizeof(struct fuse_in_header) + head_length + tail_length;
  struct fuse_in_header in = { .len = length, .opcode = opcode, .unique = last_unique += 2, .nodeid = node, .pid = pid };
  memcpy(all, &in, sizeof(in));
  if (head_length > 0) memcpy(all + sizeof(in), head, head_length);
  if (tail_length > 0) memcpy(all + sizeof(in) + head_length, tail, tail_length);
  hand_out(all, length);
  return in.unique;
}

uint64_t ask (uint32_t opcode, uint64_t node, const void *head, size_t head_length, const void *tail, size_t tail_length) {
  return ask_by(getpid(), opcode, node, head, head_length, tail, tail_length);
}

void interrupt (uint64_t unique) {
  struct fuse_interrupt_in in = { .unique = unique };
  char all[sizeof(struct fuse_in_header) + sizeof(in)];
  struct fuse_in_header head = { .len = sizeof(all), .opcode = FUSE_INTERRUPT, .unique = unique | 1 };
  memcpy(all, &head, sizeof(head));
  memcpy(all + sizeof(head), &in, sizeof(in));
  hand_out(all, sizeof(all));
}

void forget (uint64_t node, uint64_t lookups) {
  struct fuse_forget_in in = { .nlookup = lookups };
  ask(FUSE_FORGET, node, &in, sizeof(in), NULL, 0);
}

const answer_t *answer_to (uint64_t unique) {
  for (uint32_t i = 0; i < answered; i++) if (answers[i].unique == unique) return &answers[i];
  return NULL;
}

uint32_t interrupts_refused () {
  return refused;
}

call_t *take () {
  if (taken == NULL) taken = calls_take(session);
  call_t *call = taken;
  if (call != NULL) taken = call->next;
  return call;
}

call_t *take_only (uint32_t opcode, const char *path) {
  call_t *call = take();
  check(call != NULL && call->opcode == opcode);
  check(strcmp(call->path, path) == 0);
  check(take() == NULL);
  return call;
}

void end (call_t *call) {
  pthread_mutex_lock(&session->mutex);
  call_end(session, call);
  pthread_mutex_unlock(&session->mutex);
}

void answer_error (call_t *call, int error) {
  pthread_mutex_lock(&session->mutex);
  bool goes_on = call_again_or_done(session, call, error);
  pthread_mutex_unlock(&session->mutex);
  if (goes_on) return;
  reply(session, call->unique, error, NULL, 0, NULL, 0);
  end(call);
}

static bool is_outdated (call_t *call) {
  pthread_mutex_lock(&session->mutex);
  bool is_outdated = call_is_outdated(session, call);
  pthread_mutex_unlock(&session->mutex);
  return is_outdated;
}

static const double *numbers_of (double size) {
  static double numbers[ATTRIBUTES];
  numbers[A_MODE] = S_IFREG | 0644;
  numbers[A_SIZE] = size;
  return numbers;
}

bool answer_entry (call_t *call, double size) {
  if (is_outdated(call)) return false;
  check(reply_entry(session, call->unique, call->node, call->name, numbers_of(size), 99) == 0);
  end(call);
  return true;
}

bool answer_attr (call_t *call, double size) {
  if (is_outdated(call)) return false;
  check(reply_attr(session, call->unique, call->node, numbers_of(size), 99) == 0);
  end(call);
  return true;
}

uint64_t look (uint64_t folder, const char *name, const char *path) {
  uint64_t unique = ask_name(FUSE_LOOKUP, folder, name);
  check(answer_entry(take_only(FUSE_LOOKUP, path), 1));
  const answer_t *answer = answer_to(unique);
  check(answer != NULL && answer->error == 0);
  return ((const struct fuse_entry_out *) answer->bytes)->nodeid;
}

uint64_t open_file (uint64_t node, const char *path, uint64_t handle) {
  return open_as(node, path, &(opening_t) { .handle = handle, .size = 1 });
}

uint64_t open_as (uint64_t node, const char *path, const opening_t *opening) {
  uint64_t unique = ask_node(FUSE_OPEN, node, 0);
  call_t *call = take_only(FUSE_OPEN, path);
  check(!is_outdated(call));
  check(reply_open(session, call, opening) == 0);
  end(call);
  return ((const struct fuse_open_out *) answer_to(unique)->bytes)->fh;
}

uint64_t ask_name (uint32_t opcode, uint64_t folder, const char *name) {
  return ask(opcode, folder, NULL, 0, name, strlen(name) + 1);
}

uint64_t ask_rename (uint64_t folder, const char *name, uint64_t other, const char *to) {
  struct fuse_rename_in in = { .newdir = other };
  char names[64];
  size_t length = strlen(name) + 1;
  memcpy(names, name, length);
  memcpy(names + length, to, strlen(to) + 1);
  return ask(FUSE_RENAME, folder, &in, sizeof(in), names, length + strlen(to) + 1);
}

uint64_t ask_node (uint32_t opcode, uint64_t node, uint64_t handle) {
  struct fuse_getattr_in getattr = { .getattr_flags = 0 };
  struct fuse_open_in open = { .flags = 0 };
  struct fuse_release_in release = { .fh = handle };
  struct fuse_read_in read = { .fh = handle, .size = 100 };
  switch (opcode) {
    case FUSE_GETATTR: return ask(opcode, node, &getattr, sizeof(getattr), NULL, 0);
    case FUSE_OPEN: return ask(opcode, node, &open, sizeof(open), NULL, 0);
    case FUSE_READ: return ask(opcode, node, &read, sizeof(read), NULL, 0);
    default: return ask(opcode, node, &release, sizeof(release), NULL, 0);
  }
}
