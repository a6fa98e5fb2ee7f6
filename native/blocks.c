// Blocks of large files that were given by JavaScript: threads answer reads from its memory, and it hears of a block when that is passed.
#include "session.h"

#include <stdlib.h>

// A read of the kernel's may lie in so many of the smallest. @see units in src/data/blocks.ts
#define MOST_PARTS (MOST_READ / (128 * 1024) + 1)

static void give_back (session_t *it, block_t *block) {
  block->next = NULL;
  *(it->files.given_back == NULL ? &it->files.given_back : it->files.last_given_back) = block;
  it->files.last_given_back = &block->next;
}

// It is none of its file's any longer.
static void end (session_t *it, block_t *block) {
  if (block->users == 0) give_back(it, block);
  else block->is_over = true;
}

bool block_give (session_t *it, uint64_t handle, const block_t *block) {
  open_file_t *file = file_with(it, handle);
  block_t *own = file == NULL || !file->is_large ? NULL : malloc(sizeof(block_t));
  if (own == NULL) return false;
  *own = *block;
  block_t **link = &file->blocks;
  while (*link != NULL) link = &(*link)->next;
  *link = own;
  own->next = NULL;
  return true;
}

void block_want (session_t *it, uint64_t handle, uint64_t number) {
  open_file_t *file = file_with(it, handle);
  if (file == NULL) return;
  block_t **link = &file->blocks;
  while (*link != NULL && (*link)->number != number) link = &(*link)->next;
  block_t *block = *link;
  if (block == NULL) return;
  *link = block->next;
  end(it, block);
}

void blocks_give_back (session_t *it, open_file_t *file) {
  for (block_t *block = file->blocks; block != NULL;) {
    block_t *next = block->next;
    end(it, block);
    block = next;
  }
  file->blocks = NULL;
}

// Returns whether there were any.
static bool give_back_passed (session_t *it, open_file_t *file, uint64_t position) {
  bool are_passed = false;
  for (block_t **link = &file->blocks; *link != NULL;) {
    block_t *block = *link;
    if (block->end + PASSED_AFTER > position) {
      link = &block->next;
      continue;
    }
    *link = block->next;
    end(it, block);
    are_passed = true;
  }
  return are_passed;
}

static block_t *block_at (open_file_t *file, uint64_t position) {
  block_t *block = file->blocks;
  while (block != NULL && (position < block->start || position >= block->end)) block = block->next;
  return block;
}

// The blocks that a range lies in, which are in use from then on. Returns how many; 0: not all of it was given.
static int find (open_file_t *file, uint64_t position, uint64_t end, block_t **found, struct iovec *parts) {
  int count = 0;
  while (position < end) {
    block_t *block = count == MOST_PARTS ? NULL : block_at(file, position);
    if (block == NULL) return 0;
    uint64_t to = block->end < end ? block->end : end;
    parts[count] = (struct iovec) { (char *) block->bytes + (position - block->start), to - position };
    found[count++] = block;
    position = to;
  }
  for (int i = 0; i < count; i++) {
    found[i]->users++;
    found[i]->served += parts[i].iov_len;
  }
  return count;
}

// Returns whether one is given back by that.
static bool unuse (session_t *it, block_t **found, int count) {
  bool is_given_back = false;
  for (int i = 0; i < count; i++) {
    if (--found[i]->users > 0 || !found[i]->is_over) continue;
    give_back(it, found[i]);
    is_given_back = true;
  }
  return is_given_back;
}

bool blocks_answer (session_t *it, const struct fuse_in_header *in, open_file_t *file) {
  const struct fuse_read_in *read = (const struct fuse_read_in *) (in + 1);
  block_t *found[MOST_PARTS];
  struct iovec parts[1 + MOST_PARTS];
  uint64_t size = file->size, position = read->offset;
  uint64_t end = position < size && read->size < size - position ? position + read->size : size;
  pthread_mutex_lock(&it->mutex);
  int count = find(file, position, end, found, parts + 1);
  bool is_told = give_back_passed(it, file, position);
  pthread_mutex_unlock(&it->mutex);
  if (count > 0) {
    atomic_fetch_add_explicit(&file->reads, 1, memory_order_relaxed);
    reply_parts(it, in->unique, 0, parts, 1 + count);
    // Whoever was answered may have closed the file by now.
    pthread_mutex_lock(&it->mutex);
    is_told = unuse(it, found, count) || is_told;
    pthread_mutex_unlock(&it->mutex);
  }
  if (is_told) it->wake(it);
  return count > 0;
}

block_t *blocks_given_back (session_t *it) {
  pthread_mutex_lock(&it->mutex);
  block_t *given_back = it->files.given_back;
  it->files.given_back = NULL;
  pthread_mutex_unlock(&it->mutex);
  return given_back;
}
