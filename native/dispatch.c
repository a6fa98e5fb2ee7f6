// What becomes of a call that was read: it is answered here, of what is kept or without looking at anything, refused, or handed over
// to JavaScript.
#include "requests.h"
#include "session.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const size_t most_name = 255;

static void answer (session_t *it, const struct fuse_in_header *in, int error) {
  reply(it, in->unique, error, NULL, 0, NULL, 0);
}

static void forget (session_t *it, const struct fuse_in_header *in) {
  pthread_mutex_lock(&it->mutex);
  if (in->opcode == FUSE_FORGET) {
    node_forget(&it->nodes, node_of(&it->nodes, in->nodeid), ((const struct fuse_forget_in *) (in + 1))->nlookup);
  } else {
    const struct fuse_batch_forget_in *batch = (const struct fuse_batch_forget_in *) (in + 1);
    const struct fuse_forget_one *one = (const struct fuse_forget_one *) (batch + 1);
    for (uint32_t i = 0; i < batch->count; i++) node_forget(&it->nodes, node_of(&it->nodes, one[i].nodeid), one[i].nlookup);
  }
  pthread_mutex_unlock(&it->mutex);
}

static void kept_numbers (session_t *it, const kept_entry_t *entry, double *numbers) {
  pthread_mutex_lock(&it->kept.mutex);
  memcpy(numbers, entry->is_folder ? it->folder : it->file, sizeof(it->file));
  pthread_mutex_unlock(&it->kept.mutex);
  numbers[A_SIZE] = entry->size;
  numbers[A_ATIME] = numbers[A_MTIME] = numbers[A_CTIME] = entry->mtime;
}

// Whether a kept folder has it. The call's path is made, and its node is used.
static bool kept_answers (session_t *it, const struct fuse_in_header *in, node_t *node, const char *name, const char *path) {
  kept_entry_t entry;
  double numbers[ATTRIBUTES];
  if (!kept_lookup(&it->kept, path, &entry)) return false;
  kept_numbers(it, &entry, numbers);
  if (in->opcode == FUSE_LOOKUP) reply_entry(it, in->unique, node, name, numbers, inode_of_path(path));
  else reply_attr(it, in->unique, node, numbers, inode_of_path(path));
  return true;
}

static bool kept_folder_answers (session_t *it, const struct fuse_in_header *in, const char *path) {
  const struct fuse_read_in *read = (const struct fuse_read_in *) (in + 1);
  folder_t *folder = (folder_t *) (uintptr_t) read->fh;
  if (read->offset == 0 || !folder_is_read(folder)) {
    kept_folder_t *kept = kept_hold(&it->kept, path);
    if (kept == NULL) return false;
    folder_keep(it, folder, kept);
  }
  folder_reply(it, in->unique, folder, path, read->offset, read->size);
  return true;
}

// What can be answered here. Nothing of the folders that are kept is ever renamed.
static bool answered_here (session_t *it, const struct fuse_in_header *in, const char *name) {
  if (in->opcode != FUSE_LOOKUP && in->opcode != FUSE_GETATTR && in->opcode != FUSE_READDIR) return false;
  pthread_mutex_lock(&it->mutex);
  node_t *node = node_of(&it->nodes, in->nodeid);
  node_use(node);
  char *path = node_path(node, name);
  pthread_mutex_unlock(&it->mutex);
  bool answered = path != NULL
    && (in->opcode == FUSE_READDIR ? kept_folder_answers(it, in, path) : kept_answers(it, in, node, name, path));
  free(path);
  pthread_mutex_lock(&it->mutex);
  node_unuse(&it->nodes, node);
  pthread_mutex_unlock(&it->mutex);
  return answered;
}

// The names in a call that is whole. false: one is too long for a name.
static bool names_of (const struct fuse_in_header *in, const char **name, const char **second) {
  uint32_t names = names_in(in->opcode);
  *name = names == 0 ? NULL : (const char *) (in + 1) + arguments_size(in->opcode);
  *second = names < 2 ? NULL : *name + strlen(*name) + 1;
  return (*name == NULL || strlen(*name) <= most_name) && (*second == NULL || strlen(*second) <= most_name);
}

// What is not whole is refused; what wants no answer is not heard.
static void refuse_cut (session_t *it, const struct fuse_in_header *in) {
  if (in->opcode != FUSE_FORGET && in->opcode != FUSE_BATCH_FORGET && in->opcode != FUSE_INTERRUPT) answer(it, in, EINVAL);
}

bool call_serve (session_t *it, const struct fuse_in_header *in, size_t length, buffer_t *buffer) {
  const char *name, *second;
  if (!request_is_whole(in, length)) {
    refuse_cut(it, in);
    return false;
  }
  switch (in->opcode) {
    case FUSE_FORGET: case FUSE_BATCH_FORGET: forget(it, in); return false;
    case FUSE_INTERRUPT: interrupts_add(it, in, ((const struct fuse_interrupt_in *) (in + 1))->unique); return false;
    case FUSE_DESTROY: answer(it, in, 0); return false;
    case FUSE_OPENDIR: {
      struct fuse_open_out out = { .fh = (uintptr_t) folder_open() };
      if (out.fh == 0) answer(it, in, ENOMEM);
      else if (reply(it, in->unique, 0, &out, sizeof(out), NULL, 0) != 0) folder_close(it, (folder_t *) (uintptr_t) out.fh);
      return false;
    }
    case FUSE_RELEASEDIR:
      folder_close(it, (folder_t *) (uintptr_t) ((const struct fuse_release_in *) (in + 1))->fh);
      answer(it, in, 0);
      return false;
    case FUSE_LOOKUP: case FUSE_GETATTR: case FUSE_SETATTR: case FUSE_OPEN: case FUSE_CREATE: case FUSE_READ: case FUSE_WRITE:
    case FUSE_STATFS: case FUSE_FLUSH: case FUSE_FSYNC: case FUSE_RELEASE: case FUSE_READDIR: case FUSE_ACCESS: case FUSE_UNLINK:
    case FUSE_RMDIR: case FUSE_MKDIR: case FUSE_RENAME: case FUSE_SYMLINK: case FUSE_LINK: case FUSE_MKNOD: case FUSE_SETXATTR:
      if (!names_of(in, &name, &second)) {
        answer(it, in, ENAMETOOLONG);
        return false;
      }
      return !answered_here(it, in, name) && call_hand_over(it, in, buffer, name, second);
    // Of these the kernel knows what to do itself, and does not ask again.
    default: answer(it, in, ENOSYS); return false;
  }
}
