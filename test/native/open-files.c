// Open files that can only be read: what was given of them is read without JavaScript, which hears of their closes when it has time.
#include "scripted.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const uint64_t root = FUSE_ROOT_ID;
static const char content[] = "all of it";
static const size_t size = sizeof(content) - 1;

static uint64_t open_given (uint64_t node, uint64_t handle, size_t length) {
  return open_as(node, "/f", &(opening_t) { .handle = handle, .version = 7, .size = size, .bytes = content, .length = length });
}

static uint64_t ask_read (uint64_t node, uint64_t handle, uint64_t offset, uint32_t length) {
  struct fuse_read_in in = { .fh = handle, .offset = offset, .size = length };
  return ask(FUSE_READ, node, &in, sizeof(in), NULL, 0);
}

static void check_read (uint64_t node, uint64_t handle, uint64_t offset, uint32_t length, const char *expected) {
  const answer_t *answer = answer_to(ask_read(node, handle, offset, length));
  check(answer != NULL && answer->error == 0);
  check(answer->length == strlen(expected) && memcmp(answer->bytes, expected, answer->length) == 0);
}

// JavaScript is told of one that is closed, and of no more.
static void check_closed (uint64_t handle, uint32_t reads) {
  open_file_t *file = files_closed(session);
  check(file != NULL && file->handle == handle && file->reads == reads && file->hidden == NULL);
  check(file_free(file) == NULL);
}

static void read_here () {
  scene_begin("what was given is read to its end and not beyond, and its close is told once, with how often that was");
  uint64_t node = look(root, "f", "/f"), handle = open_given(node, 5, size);
  check_read(node, handle, 0, 4096, content);
  check_read(node, handle, 4, 2, "of");
  check_read(node, handle, size - 1, 100, "t");
  check_read(node, handle, size, 100, "");
  check_read(node, handle, UINT64_MAX, 100, "");
  check(answer_to(ask_node(FUSE_FLUSH, node, handle))->error == 0);
  check(answer_to(ask_node(FUSE_FSYNC, node, handle))->error == 0);
  check(files_closed(session) == NULL);
  check(answer_to(ask_node(FUSE_RELEASE, node, handle))->error == 0);
  check(take() == NULL);
  check_closed(5, 5);
  check(files_closed(session) == NULL);
  forget(node, 1);
  scene_end();
}

static void not_all () {
  scene_begin("what is not all of a file is not read here, and JavaScript is asked by its own handle");
  uint64_t node = look(root, "f", "/f"), handle = open_given(node, 5, size - 1);
  uint64_t unique = ask_read(node, handle, 0, 100);
  call_t *call = take_only(FUSE_READ, "/f");
  check((call->handle & ~HANDLE_MARKS) == 5 && call->handle & HANDLE_OF_BUCKET);
  answer_error(call, 5);
  check(answer_to(unique)->error == 5);
  struct fuse_getattr_in in = { .getattr_flags = FUSE_GETATTR_FH, .fh = handle };
  ask(FUSE_GETATTR, node, &in, sizeof(in), NULL, 0);
  call = take_only(FUSE_GETATTR, "/f");
  check((call->handle & ~HANDLE_MARKS) == 5);
  check(answer_attr(call, size));
  ask_node(FUSE_RELEASE, node, handle);
  check_closed(5, 0);
  forget(node, 1);
  scene_end();
}

static void hidden () {
  scene_begin("what was removed while it was open is read on, and its last close, told at once, says what to remove");
  uint64_t node = look(root, "f", "/f"), one = open_given(node, 1, size), other = open_given(node, 2, size);
  ask_name(FUSE_UNLINK, root, "f");
  call_t *unlink = take_only(FUSE_UNLINK, "/f");
  char *path = strdup(unlink->hidden_path);
  bool is_open = false;
  pthread_mutex_lock(&session->mutex);
  check(call_hide(session, unlink, &is_open) && is_open);
  pthread_mutex_unlock(&session->mutex);
  answer_error(unlink, 0);
  ask_node(FUSE_RELEASE, node, one);
  check_closed(1, 0);
  check_read(node, other, 0, 3, "all");
  uint32_t before = wakes_so_far();
  ask_node(FUSE_RELEASE, node, other);
  check(wakes_so_far() == before + 1);
  open_file_t *file = files_closed(session);
  check(file->handle == 2 && strcmp(file->hidden, path) == 0);
  file_free(file);
  free(path);
  forget(node, 1);
  scene_end();
}

static void told_together () {
  scene_begin("of closes JavaScript hears together, in their order; of one that it reads ahead in, at once");
  uint64_t node = look(root, "f", "/f"), handles[CLOSED_AT_ONCE];
  for (uint32_t i = 0; i < CLOSED_AT_ONCE; i++) handles[i] = open_given(node, i + 1, size);
  uint32_t before = wakes_so_far();
  for (uint32_t i = 0; i < CLOSED_AT_ONCE; i++) {
    check(wakes_so_far() == before);
    ask_node(FUSE_RELEASE, node, handles[i]);
  }
  check(wakes_so_far() == before + 1);
  uint64_t next = 1;
  for (open_file_t *file = files_closed(session); file != NULL; file = file_free(file)) check(file->handle == next++);
  check(next == CLOSED_AT_ONCE + 1);
  uint64_t large = open_as(node, "/f", &(opening_t) { .handle = 9, .version = 7, .size = 1 << 30 });
  before = wakes_so_far();
  ask_node(FUSE_RELEASE, node, large);
  check(wakes_so_far() == before + 1);
  check_closed(9, 0);
  forget(node, 1);
  scene_end();
}

// The flags with which the kernel is told of an open file.
static uint32_t open_version (uint64_t node, uint64_t version) {
  uint64_t unique = ask_node(FUSE_OPEN, node, 0);
  call_t *call = take_only(FUSE_OPEN, "/f");
  check(reply_open(session, call, &(opening_t) { .handle = 5, .version = version, .size = 1 }) == 0);
  end(call);
  struct fuse_open_out out = *(const struct fuse_open_out *) answer_to(unique)->bytes;
  ask_node(FUSE_RELEASE, node, out.fh);
  check_closed(5, 0);
  return out.open_flags;
}

static void other_version () {
  scene_begin("another version gets a node of its own, also where nobody has the one before open: its pages may be there yet");
  uint64_t node = look(root, "f", "/f");
  check(open_version(node, 7) == 0);
  check(open_version(node, 7) == FOPEN_KEEP_CACHE);
  uint64_t unique = ask_node(FUSE_OPEN, node, 0);
  call_t *call = take_only(FUSE_OPEN, "/f");
  check(reply_open(session, call, &(opening_t) { .handle = 5, .version = 8, .size = 1 }) == -ESTALE);
  end(call);
  check(answer_to(unique)->error == ESTALE);
  uint64_t other = look(root, "f", "/f");
  check(other != node);
  check(open_version(other, 8) == 0);
  forget(other, 1);
  forget(node, 1);
  scene_end();
}

static void unmounted () {
  scene_begin("what is open when the mount ends is freed");
  uint64_t node = look(root, "f", "/f");
  open_given(node, 1, size);
  ask_node(FUSE_RELEASE, node, open_given(node, 2, size));
  forget(node, 1);
  scene_end();
}

int main () {
  read_here();
  not_all();
  hidden();
  told_together();
  other_version();
  unmounted();
  return 0;
}
