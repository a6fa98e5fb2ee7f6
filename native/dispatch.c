// What becomes of a call that was read: it is answered here, of what is kept or without looking at anything, refused, or handed over
// to JavaScript.
#include "requests.h"
#include "session.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const size_t most_name = 255;
// Of our extended attributes, and of those that anybody may give a file anywhere.
static const char our_xattrs[] = "user.as2.";
static const char users_xattrs[] = "user.";
// Asked for by the kernel itself, before it writes to a file.
static const char capability[] = "security.capability";

static void answer (session_t *it, const struct fuse_in_header *in, int error) {
  reply(it, in->unique, error, NULL, 0, NULL, 0);
}

static void forget (session_t *it, const struct fuse_in_header *in) {
  pthread_mutex_lock(&it->mutex);
  absent_clear(&it->absent);
  if (in->opcode == FUSE_FORGET) {
    node_forget(&it->nodes, node_of(&it->nodes, in->nodeid), ((const struct fuse_forget_in *) (in + 1))->nlookup);
  } else {
    const struct fuse_batch_forget_in *batch = (const struct fuse_batch_forget_in *) (in + 1);
    const struct fuse_forget_one *one = (const struct fuse_forget_one *) (batch + 1);
    for (uint32_t i = 0; i < batch->count; i++) node_forget(&it->nodes, node_of(&it->nodes, one[i].nodeid), one[i].nlookup);
  }
  pthread_mutex_unlock(&it->mutex);
}

// Whether a kept folder has it. The call's path is made, and its node is used.
static bool kept_answers (session_t *it, const struct fuse_in_header *in, node_t *node, const char *name, const char *path) {
  kept_entry_t entry;
  double numbers[ATTRIBUTES];
  if (!kept_lookup(&it->kept, path, &entry)) return false;
  kept_numbers(it, &entry, numbers);
  uint64_t inode = entry.inode == 0 ? inode_of_path(path) : entry.inode;
  if (in->opcode == FUSE_LOOKUP) reply_entry(it, in->unique, node, name, numbers, inode);
  else reply_attr(it, in->unique, node, numbers, inode);
  return true;
}

static bool kept_folder_answers (session_t *it, const struct fuse_in_header *in, node_t *node, const char *path) {
  const struct fuse_read_in *read = (const struct fuse_read_in *) (in + 1);
  folder_t *folder = (folder_t *) (uintptr_t) read->fh;
  if (read->offset == 0 || !folder_is_read(folder)) {
    kept_folder_t *kept = kept_hold(&it->kept, path);
    if (kept == NULL) return false;
    folder_keep(it, folder, kept);
  }
  folder_reply(it, in->unique, folder, &(folder_read_t) {
    .node = node, .path = path, .position = read->offset, .size = read->size, .with_attributes = in->opcode == FUSE_READDIRPLUS,
  });
  return true;
}

// Whether it was just said not to be there.
static bool absent_answers (session_t *it, const struct fuse_in_header *in, const char *name) {
  pthread_mutex_lock(&it->mutex);
  bool is_absent = absent_has(&it->absent, in->nodeid, name, now_ms());
  pthread_mutex_unlock(&it->mutex);
  if (is_absent) answer(it, in, ENOENT);
  return is_absent;
}

// What can be answered here. Nothing of the folders that are kept is ever renamed, but for what JavaScript says is there no longer.
static bool answered_here (session_t *it, const struct fuse_in_header *in, const char *name) {
  bool reads_folder = in->opcode == FUSE_READDIR || in->opcode == FUSE_READDIRPLUS;
  if (in->opcode != FUSE_LOOKUP && in->opcode != FUSE_GETATTR && !reads_folder) return false;
  if (in->opcode == FUSE_LOOKUP && absent_answers(it, in, name)) return true;
  pthread_mutex_lock(&it->mutex);
  node_t *node = node_of(&it->nodes, in->nodeid);
  node_use(node);
  char *path = node_path(node, name);
  pthread_mutex_unlock(&it->mutex);
  bool answered = path != NULL
    && (reads_folder ? kept_folder_answers(it, in, node, path) : kept_answers(it, in, node, name, path));
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

static bool begins_with (const char *name, const char *beginning) {
  return strncmp(name, beginning, strlen(beginning)) == 0;
}

// What one that is none of ours is answered. After ENOSYS the kernel asks for none any more, but makes ENODATA of those of access lists,
// and ls -l asks for two of each file until it is told that there can be none.
static int xattr_refusal (const session_t *it, const char *name) {
  if (strcmp(name, capability) == 0) return it->is_asked_once || it->tells_xattrs ? ENODATA : ENOSYS;
  return it->tells_xattrs && begins_with(name, users_xattrs) ? ENODATA : EOPNOTSUPP;
}

// Extended attributes, if there are any. name: NULL for a list of all.
static void serve_xattrs (session_t *it, const struct fuse_in_header *in, const char *name) {
  bool is_ours = name == NULL || begins_with(name, our_xattrs);
  if (is_ours && it->tells_xattrs) call_hand_over(it, in, NULL, NULL, name);
  // The kernel does not ask for a list again.
  else answer(it, in, name == NULL ? ENOSYS : xattr_refusal(it, name));
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
    case FUSE_STATFS: case FUSE_FLUSH: case FUSE_FSYNC: case FUSE_RELEASE: case FUSE_READDIR: case FUSE_READDIRPLUS: case FUSE_ACCESS:
    case FUSE_UNLINK: case FUSE_RMDIR: case FUSE_MKDIR: case FUSE_RENAME: case FUSE_SYMLINK: case FUSE_LINK: case FUSE_MKNOD: case FUSE_SETXATTR:
      if (!names_of(in, &name, &second)) {
        answer(it, in, ENAMETOOLONG);
        return false;
      }
      return !file_answers(it, in) && !answered_here(it, in, name) && call_hand_over(it, in, buffer, name, second);
    case FUSE_GETXATTR: case FUSE_LISTXATTR:
      if (names_of(in, &name, &second)) serve_xattrs(it, in, name);
      else answer(it, in, ERANGE);
      return false;
    // Of these the kernel knows what to do itself, and does not ask again.
    default: answer(it, in, ENOSYS); return false;
  }
}
