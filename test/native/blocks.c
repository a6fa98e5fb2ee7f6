// Blocks of large files: threads answer from JavaScript's memory, which stays as it is until it is given back.
#include "scripted.h"

#include <stdlib.h>
#include <string.h>

#define BLOCK 4096
#define LARGE ((double) (8 << 20))

static const uint64_t root = FUSE_ROOT_ID;
static uint64_t node, handle;

static void open_large () {
  node = look(root, "f", "/f");
  handle = open_as(node, "/f", &(opening_t) { .handle = 5, .version = 7, .size = LARGE });
}

// Each byte says in which block it is, and about where.
static char byte_at (uint64_t number, uint64_t position) {
  return number * 32 + position / 200 % 32;
}

static char *give (uint64_t number, uint64_t start, size_t length) {
  char *bytes = malloc(length);
  for (size_t i = 0; i < length; i++) bytes[i] = byte_at(number, start + i);
  pthread_mutex_lock(&session->mutex);
  bool is_taken = block_give(session, 5, &(block_t) { .number = number, .start = start, .end = start + length, .bytes = bytes });
  pthread_mutex_unlock(&session->mutex);
  check(is_taken);
  return bytes;
}

static void want (uint64_t number) {
  pthread_mutex_lock(&session->mutex);
  block_want(session, 5, number);
  pthread_mutex_unlock(&session->mutex);
}

// The next one that is given back, and how many bytes were read of it; its memory is used for something else.
static block_t *list;
static void check_back (uint64_t number, uint64_t served, char *bytes) {
  if (list == NULL) list = blocks_given_back(session);
  block_t *block = list;
  check(block != NULL && block->number == number && block->served == served && block->users == 0);
  list = block->next;
  free(block);
  free(bytes);
}

static void check_none_back () {
  check(list == NULL && blocks_given_back(session) == NULL);
}

static uint64_t ask_read (uint64_t offset, uint32_t length) {
  struct fuse_read_in in = { .fh = handle, .offset = offset, .size = length };
  return ask(FUSE_READ, node, &in, sizeof(in), NULL, 0);
}

static const answer_t *read_here (uint64_t offset, uint32_t length, uint32_t expected) {
  const answer_t *answer = answer_to(ask_read(offset, length));
  check(answer != NULL && answer->error == 0 && answer->length == expected);
  return answer;
}

static void asks (uint64_t offset, uint32_t length) {
  uint64_t unique = ask_read(offset, length);
  call_t *call = take_only(FUSE_READ, "/f");
  check(call->position == offset && call->length == length && (call->handle & ~HANDLE_MARKS) == 5);
  answer_error(call, 5);
  check(answer_to(unique)->error == 5);
}

static void release () {
  check(answer_to(ask_node(FUSE_RELEASE, node, handle))->error == 0);
  forget(node, 1);
}

static void read_given () {
  scene_begin("what was given is read, also where two of it meet, and of what was not, JavaScript is asked");
  open_large();
  asks(0, 100);
  char *one = give(1, 0, BLOCK), *two = give(2, BLOCK, BLOCK);
  check(read_here(0, 100, 100)->bytes[99] == byte_at(1, 99));
  const answer_t *both = read_here(BLOCK - 10, 30, 30);
  check(both->bytes[9] == byte_at(1, BLOCK - 1) && both->bytes[10] == byte_at(2, BLOCK) && both->bytes[29] == byte_at(2, BLOCK + 19));
  check(read_here(BLOCK, BLOCK, BLOCK)->bytes[BLOCK - 1] == byte_at(2, 2 * BLOCK - 1));
  asks(2 * BLOCK - 10, 11);
  asks(2 * BLOCK, 1);
  char *last = give(3, LARGE - BLOCK, BLOCK);
  // The kernel asks for more than there is.
  check(read_here(LARGE - 100, 4000, 100)->bytes[0] == byte_at(3, LARGE - 100));
  asks(LARGE, 100);
  asks(UINT32_MAX, 100);
  release();
  check_back(1, 100 + 10, one);
  check_back(2, 20 + BLOCK, two);
  check_back(3, 100, last);
  check_none_back();
  scene_end();
}

static void in_many () {
  scene_begin("the largest read of the kernel's lies in nine of the smallest blocks at most: of more, JavaScript is asked");
  enum { MOST = 9, SHORT = 400 };
  open_large();
  char *blocks[MOST + 1];
  for (int i = 0; i <= MOST; i++) blocks[i] = give(i, i * SHORT, SHORT);
  const answer_t *all = read_here(1, MOST * SHORT - 2, MOST * SHORT - 2);
  for (int i = 1; i < MOST * SHORT - 1; i++) check(all->bytes[i - 1] == byte_at(i / SHORT, i));
  asks(1, MOST * SHORT);
  release();
  for (int i = 0; i <= MOST; i++) check_back(i, i == MOST ? 0 : i == 0 || i == MOST - 1 ? SHORT - 1 : SHORT, blocks[i]);
  check_none_back();
  scene_end();
}

static void passed () {
  scene_begin("a block is given back when its reader is well behind it, in the order in which that is so");
  open_large();
  char *one = give(1, 0, BLOCK), *two = give(2, BLOCK, BLOCK), *far = give(3, PASSED_AFTER + BLOCK - 1, BLOCK);
  read_here(0, BLOCK, BLOCK);
  uint32_t before = wakes_so_far();
  read_here(PASSED_AFTER + BLOCK - 1, 1, 1);
  check_none_back();
  check(wakes_so_far() == before);
  read_here(PASSED_AFTER + BLOCK, 1, 1);
  check(wakes_so_far() == before + 1);
  check_back(1, BLOCK, one);
  check_none_back();
  asks(PASSED_AFTER + 2 * BLOCK, 1);
  check_back(2, 0, two);
  asks(0, 1);
  release();
  check_back(3, 2, far);
  scene_end();
}

static void want_it_now (void) {
  before_answer = NULL;
  want(1);
  check_none_back();
}

static void wanted_while_read () {
  scene_begin("a block that is wanted back while somebody reads it comes when he is done, and nobody else reads it");
  open_large();
  char *one = give(1, 0, BLOCK);
  before_answer = want_it_now;
  check(read_here(0, BLOCK, BLOCK)->bytes[BLOCK - 1] == byte_at(1, BLOCK - 1));
  check_back(1, BLOCK, one);
  asks(0, 1);
  char *two = give(2, 0, BLOCK);
  want(2);
  want(2);
  check_back(2, 0, two);
  check_none_back();
  release();
  want(2);
  check_none_back();
  scene_end();
}

static void not_taken () {
  scene_begin("of what is small or closed no block is taken");
  open_large();
  block_t block = { .number = 1, .start = 0, .end = 3, .bytes = "abc" };
  uint64_t small = open_as(node, "/f", &(opening_t) { .handle = 6, .version = 7, .size = 3 });
  pthread_mutex_lock(&session->mutex);
  check(!block_give(session, 6, &block) && !block_give(session, 7, &block));
  pthread_mutex_unlock(&session->mutex);
  ask_node(FUSE_RELEASE, node, small);
  release();
  pthread_mutex_lock(&session->mutex);
  check(!block_give(session, 5, &block));
  pthread_mutex_unlock(&session->mutex);
  scene_end();
}

static void unmounted () {
  scene_begin("what is given when the mount ends is given back");
  open_large();
  char *one = give(1, 0, BLOCK);
  forget(node, 1);
  scene_end();
  check_back(1, 0, one);
}

int main () {
  read_given();
  in_many();
  passed();
  wanted_while_read();
  not_taken();
  unmounted();
  return 0;
}
