// Answers to the kernel.
#include "session.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>

int reply_parts (session_t *it, uint64_t unique, int error, struct iovec *parts, int count) {
  struct fuse_out_header out = { .unique = unique, .error = -error };
  parts[0] = (struct iovec) { &out, sizeof(out) };
  for (int i = 0; i < count; i++) out.len += parts[i].iov_len;
  return writev(it->fd, parts, count) < 0 ? -errno : 0;
}

int reply (session_t *it, uint64_t unique, int error, const void *head, size_t head_length, const void *body, size_t body_length) {
  struct iovec parts[3];
  int count = 1;
  if (head_length > 0) parts[count++] = (struct iovec) { (void *) head, head_length };
  if (body_length > 0) parts[count++] = (struct iovec) { (void *) body, body_length };
  return reply_parts(it, unique, error, parts, count);
}

static void tell_time (uint64_t *seconds, uint32_t *nanoseconds, double ms) {
  double whole = floor(ms / 1000);
  *seconds = (uint64_t) (int64_t) whole;
  *nanoseconds = (uint32_t) ((ms - 1000 * whole) * 1000000);
}

static void tell_attributes (struct fuse_attr *out, const double *in, uint64_t inode) {
  memset(out, 0, sizeof(*out));
  out->ino = inode;
  out->mode = in[A_MODE];
  out->uid = in[A_UID];
  out->gid = in[A_GID];
  out->size = in[A_SIZE];
  out->blocks = (out->size + 511) / 512;
  out->nlink = in[A_NLINK];
  out->blksize = in[A_BLKSIZE];
  tell_time(&out->atime, &out->atimensec, in[A_ATIME]);
  tell_time(&out->mtime, &out->mtimensec, in[A_MTIME]);
  tell_time(&out->ctime, &out->ctimensec, in[A_CTIME]);
}

void kept_numbers (session_t *it, const kept_entry_t *entry, double *numbers) {
  pthread_mutex_lock(&it->kept.mutex);
  memcpy(numbers, entry->is_folder ? it->folder : entry->kind == KEPT_NAMES ? it->named : it->file, sizeof(it->file));
  pthread_mutex_unlock(&it->kept.mutex);
  numbers[A_SIZE] = entry->size;
  numbers[A_ATIME] = numbers[A_MTIME] = numbers[A_CTIME] = entry->mtime;
}

static void tell_timeout (const session_t *it, uint64_t *seconds, uint32_t *nanoseconds, bool is_volatile) {
  tell_time(seconds, nanoseconds, is_volatile ? 0 : it->attr_timeout * 1000);
}

// Whether those who read one version of it through the page cache would find their pages cut, or lengthened, as it has another
// size now.
static bool would_cut (const node_t *node, const double *numbers) {
  return node->cached > 0 && node->version != 0 && node->size != numbers[A_SIZE];
}

node_t *tell_entry (session_t *it, struct fuse_entry_out *out, node_t *parent, const char *name, const double *numbers, uint64_t inode, bool is_new) {
  memset(out, 0, sizeof(*out));
  pthread_mutex_lock(&it->mutex);
  // What had the name is no more, but somebody may have it open yet: two files of one node would share their pages.
  node_t *former = node_child(&it->nodes, parent, name);
  if (former != NULL && (is_new || would_cut(former, numbers))) node_remove(&it->nodes, former);
  node_t *node = node_found(&it->nodes, parent, name);
  if (node != NULL) {
    node->lookups++;
    node->size = numbers[A_SIZE];
  }
  pthread_mutex_unlock(&it->mutex);
  if (node == NULL) return NULL;
  out->nodeid = node_id(&it->nodes, node);
  tell_timeout(it, &out->entry_valid, &out->entry_valid_nsec, false);
  tell_timeout(it, &out->attr_valid, &out->attr_valid_nsec, numbers[A_VOLATILE] != 0);
  tell_attributes(&out->attr, numbers, inode);
  return node;
}

// The kernel did not take it: it will not be forgotten by it.
static int taken_back (session_t *it, node_t *node, int result) {
  pthread_mutex_lock(&it->mutex);
  node_forget(&it->nodes, node, 1);
  pthread_mutex_unlock(&it->mutex);
  return result;
}

int reply_entry (session_t *it, uint64_t unique, node_t *parent, const char *name, const double *numbers, uint64_t inode) {
  struct fuse_entry_out out;
  node_t *node = tell_entry(it, &out, parent, name, numbers, inode, false);
  if (node == NULL) return reply(it, unique, ENOMEM, NULL, 0, NULL, 0);
  int result = reply(it, unique, 0, &out, sizeof(out), NULL, 0);
  return result == 0 ? 0 : taken_back(it, node, result);
}

// Who is about to make what has the name makes the kernel ask again all the same (O_EXCL): that is answered here, too.
int reply_absent (session_t *it, const call_t *call, double ms) {
  struct fuse_entry_out out;
  memset(&out, 0, sizeof(out));
  tell_time(&out.entry_valid, &out.entry_valid_nsec, ms);
  pthread_mutex_lock(&it->mutex);
  absent_add(&it->absent, node_id(&it->nodes, call->node), call->name, now_ms() + ms);
  pthread_mutex_unlock(&it->mutex);
  return reply(it, call->unique, 0, &out, sizeof(out), NULL, 0);
}

int reply_attr (session_t *it, uint64_t unique, node_t *node, const double *numbers, uint64_t inode) {
  struct fuse_attr_out out;
  pthread_mutex_lock(&it->mutex);
  bool is_other = would_cut(node, numbers);
  // Who asks by its name looks it up again, and finds the new one.
  if (is_other) node_remove(&it->nodes, node);
  else node->size = numbers[A_SIZE];
  pthread_mutex_unlock(&it->mutex);
  if (is_other) return reply(it, unique, ESTALE, NULL, 0, NULL, 0);
  memset(&out, 0, sizeof(out));
  tell_timeout(it, &out.attr_valid, &out.attr_valid_nsec, numbers[A_VOLATILE] != 0);
  tell_attributes(&out.attr, numbers, inode);
  return reply(it, unique, 0, &out, sizeof(out), NULL, 0);
}

// The pages that the kernel has of a file are those of one version, and end where it believes that the file does: for as long as
// attr_timeout says that is what it was told last, by whoever told it.
static bool is_past_cache (const node_t *node, const opening_t *opening) {
  return opening->flags & OPEN_UNCACHED || (opening->size >= 0 && node->size != opening->size);
}

static uint32_t choose_cache (node_t *node, const opening_t *opening) {
  if (is_past_cache(node, opening)) return FOPEN_DIRECT_IO;
  if (opening->version != 0 && node->version == opening->version) return FOPEN_KEEP_CACHE;
  node->version = opening->version;
  return 0;
}

// Another version may not be read through the pages of the one that was opened before, nor may its size become that one's while
// somebody reads it: it gets a node of its own. The kernel would drop the pages, but only once it has heard of this open: who opens
// the file in the same moment, and is told to keep its pages, would read some of each. Returns whether it must: the kernel looks the
// name up again then.
static bool needs_other_node (session_t *it, node_t *node, const opening_t *opening) {
  pthread_mutex_lock(&it->mutex);
  bool is_other = opening->version != 0 && node->version != 0 && node->version != opening->version;
  bool needs = is_other && (node->cached > 0 || !is_past_cache(node, opening));
  if (needs) node_remove(&it->nodes, node);
  pthread_mutex_unlock(&it->mutex);
  return needs;
}

static void begin_open (session_t *it, node_t *node, struct fuse_open_out *out, const opening_t *opening) {
  memset(out, 0, sizeof(*out));
  pthread_mutex_lock(&it->mutex);
  node->opens++;
  out->open_flags = choose_cache(node, opening);
  bool is_cached = !(out->open_flags & FOPEN_DIRECT_IO);
  if (is_cached) node->cached++;
  out->fh = opening->version == 0 ? opening->handle : file_open(it, opening) | HANDLE_OF_BUCKET;
  if (is_cached) out->fh |= HANDLE_CACHED;
  pthread_mutex_unlock(&it->mutex);
#ifdef FOPEN_NOFLUSH
  if (opening->flags & OPEN_NO_FLUSH) out->open_flags |= FOPEN_NOFLUSH;
#endif
}

static void undo_open (session_t *it, node_t *node, const struct fuse_open_out *out) {
  pthread_mutex_lock(&it->mutex);
  node->opens--;
  if (out->fh & HANDLE_CACHED) node->cached--;
  file_forget(out->fh);
  pthread_mutex_unlock(&it->mutex);
}

int reply_open (session_t *it, call_t *call, const opening_t *opening) {
  struct fuse_open_out out;
  if (needs_other_node(it, call->node, opening)) {
    int result = reply(it, call->unique, ESTALE, NULL, 0, NULL, 0);
    return result == 0 ? -ESTALE : result;
  }
  begin_open(it, call->node, &out, opening);
  if (out.open_flags & FOPEN_DIRECT_IO) tell_changed(it, call->node);
  int result = reply(it, call->unique, 0, &out, sizeof(out), NULL, 0);
  if (result != 0) undo_open(it, call->node, &out);
  return result;
}

int reply_create (session_t *it, call_t *call, uint64_t handle, const double *numbers, uint64_t inode) {
  struct fuse_entry_out entry;
  struct fuse_open_out out;
  node_t *node = tell_entry(it, &entry, call->node, call->name, numbers, inode, true);
  if (node == NULL) return reply(it, call->unique, ENOMEM, NULL, 0, NULL, 0) == 0 ? -ENOMEM : -ENODEV;
  begin_open(it, node, &out, &(opening_t) { .handle = handle, .size = -1 });
  int result = reply(it, call->unique, 0, &entry, sizeof(entry), &out, sizeof(out));
  if (result == 0) return 0;
  undo_open(it, node, &out);
  return taken_back(it, node, result);
}

int reply_statfs (session_t *it, uint64_t unique, const double *numbers) {
  struct fuse_statfs_out out;
  memset(&out, 0, sizeof(out));
  out.st.bsize = numbers[F_BLOCK_SIZE];
  out.st.frsize = numbers[F_BLOCK_SIZE];
  out.st.blocks = numbers[F_BLOCKS];
  out.st.bfree = numbers[F_FREE_BLOCKS];
  out.st.bavail = numbers[F_FREE_BLOCKS];
  out.st.files = numbers[F_FILES];
  out.st.ffree = numbers[F_FREE_FILES];
  out.st.namelen = numbers[F_NAME_MAX];
  return reply(it, unique, 0, &out, sizeof(out), NULL, 0);
}

void tell_changed (session_t *it, node_t *node) {
  struct fuse_notify_inval_inode_out out = { .ino = node_id(&it->nodes, node), .off = -1, .len = 0 };
  struct fuse_out_header head = { .len = sizeof(head) + sizeof(out), .error = FUSE_NOTIFY_INVAL_INODE };
  struct iovec parts[2] = { { &head, sizeof(head) }, { &out, sizeof(out) } };
  // The kernel may have forgotten it: fine.
  ssize_t ignored = writev(it->fd, parts, 2);
  (void) ignored;
}

int reply_xattr (session_t *it, const call_t *call, const void *bytes, size_t length) {
  struct fuse_getxattr_out out = { .size = length };
  // Who asks with no room asks how much it takes.
  if (call->length == 0) return reply(it, call->unique, 0, &out, sizeof(out), NULL, 0);
  if (length > call->length) return reply(it, call->unique, ERANGE, NULL, 0, NULL, 0);
  return reply(it, call->unique, 0, bytes, length, NULL, 0);
}
