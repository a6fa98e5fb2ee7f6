// Open files of which JavaScript hears when there is time for it.
#include "session.h"

#include <stdlib.h>
#include <string.h>

// Objects of which JavaScript reads no more than it is asked for. @see wholeLimit in src/data/blocks.ts
static const double most_whole = 1024 * 1024;

static open_file_t *file_of (uint64_t handle) {
  return (open_file_t *) (uintptr_t) (handle & ~HANDLE_MARKS);
}

uint64_t plain_handle (uint64_t handle) {
  return handle & HANDLE_HERE ? file_of(handle)->handle | (handle & HANDLE_MARKS & ~HANDLE_HERE) : handle;
}

uint64_t file_open (session_t *it, const opening_t *opening) {
  // What is not all of it would end too early.
  bool is_given = opening->bytes != NULL && opening->length == opening->size && opening->length <= MOST_BYTES;
  open_file_t *file = malloc(sizeof(open_file_t) + (is_given ? opening->length : 0));
  if (file == NULL) return opening->handle;
  *file = (open_file_t) { .handle = opening->handle, .size = opening->size, .is_large = opening->size > most_whole, .is_given = is_given };
  if (is_given) memcpy(file->bytes, opening->bytes, opening->length);
  file->next = it->files.open;
  file->link = &it->files.open;
  if (file->next != NULL) file->next->link = &file->next;
  it->files.open = file;
  return (uintptr_t) file | HANDLE_HERE;
}

static void take_out (open_file_t *file) {
  *file->link = file->next;
  if (file->next != NULL) file->next->link = file->link;
}

void file_forget (uint64_t handle) {
  if (!(handle & HANDLE_HERE)) return;
  take_out(file_of(handle));
  free(file_of(handle));
}

static bool read_here (session_t *it, const struct fuse_in_header *in) {
  const struct fuse_read_in *read = (const struct fuse_read_in *) (in + 1);
  open_file_t *file = file_of(read->fh);
  if (!file->is_given) return file->is_large && blocks_answer(it, in, file);
  uint64_t size = file->size;
  size_t rest = read->offset < size ? size - read->offset : 0;
  atomic_fetch_add_explicit(&file->reads, 1, memory_order_relaxed);
  reply(it, in->unique, 0, file->bytes + (rest == 0 ? 0 : read->offset), rest < read->size ? rest : read->size, NULL, 0);
  return true;
}

static void close_here (session_t *it, const struct fuse_in_header *in) {
  uint64_t handle = ((const struct fuse_release_in *) (in + 1))->fh;
  open_file_t *file = file_of(handle);
  pthread_mutex_lock(&it->mutex);
  file->hidden = handle_released(it, node_of(&it->nodes, in->nodeid), handle);
  take_out(file);
  blocks_give_back(it, file);
  file->next = NULL;
  *(it->files.closed == NULL ? &it->files.closed : it->files.last_closed) = file;
  it->files.last_closed = &file->next;
  bool is_worth_it = ++it->files.closed_count >= CLOSED_AT_ONCE || file->is_large || file->hidden != NULL;
  pthread_mutex_unlock(&it->mutex);
  reply(it, in->unique, 0, NULL, 0, NULL, 0);
  if (is_worth_it) it->wake(it);
}

bool file_answers (session_t *it, const struct fuse_in_header *in) {
  const void *arguments = in + 1;
  bool is_answered = true;
  switch (in->opcode) {
    case FUSE_READ:
      is_answered = ((const struct fuse_read_in *) arguments)->fh & HANDLE_HERE && read_here(it, in);
      break;
    case FUSE_RELEASE:
      is_answered = ((const struct fuse_release_in *) arguments)->fh & HANDLE_HERE;
      if (is_answered) close_here(it, in);
      break;
    // What can only be read has nothing to say at close(2).
    case FUSE_FLUSH: case FUSE_FSYNC:
      is_answered = *(const uint64_t *) arguments & HANDLE_HERE;
      if (is_answered) reply(it, in->unique, 0, NULL, 0, NULL, 0);
      break;
    default: return false;
  }
  if (is_answered) atomic_fetch_add_explicit(&it->files.answered, 1, memory_order_relaxed);
  return is_answered;
}

open_file_t *files_closed (session_t *it) {
  pthread_mutex_lock(&it->mutex);
  open_file_t *closed = it->files.closed;
  it->files.closed = NULL;
  it->files.closed_count = 0;
  pthread_mutex_unlock(&it->mutex);
  return closed;
}

open_file_t *file_free (open_file_t *file) {
  open_file_t *next = file->next;
  free(file->hidden);
  free(file);
  return next;
}

open_file_t *file_with (session_t *it, uint64_t handle) {
  open_file_t *file = it->files.open;
  while (file != NULL && file->handle != handle) file = file->next;
  return file;
}

void files_end (session_t *it) {
  for (open_file_t *file = files_closed(it); file != NULL;) file = file_free(file);
  for (open_file_t *file = it->files.open; file != NULL;) {
    blocks_give_back(it, file);
    file = file_free(file);
  }
  it->files.open = NULL;
}
