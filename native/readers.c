// The threads that read the kernel's calls: what they can answer they do, all else goes to JavaScript.
#define _GNU_SOURCE
#include "requests.h"
#include "session.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const uint32_t lowest_minor = 23;
static const size_t most_name = 255;
// What JavaScript's numbers hold.
static const uint64_t most_position = (uint64_t) 1 << 53;

double now_ms () {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000.0 + now.tv_nsec / 1000000.0;
}

static buffer_t *buffer_take (session_t *it) {
  pthread_mutex_lock(&it->mutex);
  while (it->free_buffers == NULL) pthread_cond_wait(&it->buffer_freed, &it->mutex);
  buffer_t *buffer = it->free_buffers;
  it->free_buffers = buffer->next;
  pthread_mutex_unlock(&it->mutex);
  return buffer;
}

void buffer_give (session_t *it, buffer_t *buffer) {
  pthread_mutex_lock(&it->mutex);
  buffer->next = it->free_buffers;
  it->free_buffers = buffer;
  pthread_cond_signal(&it->buffer_freed);
  pthread_mutex_unlock(&it->mutex);
}

// The first call of a mount: what each of the two can do.
int session_greet (session_t *it, uint32_t readahead) {
  char bytes[BUFFER_BYTES];
  ssize_t length;
  do length = read(it->fd, bytes, sizeof(bytes)); while (length < 0 && (errno == EINTR || errno == ENOENT));
  const struct fuse_in_header *in = (const struct fuse_in_header *) bytes;
  const struct fuse_init_in *init = (const struct fuse_init_in *) (in + 1);
  if (length < 0) return -errno;
  // Newer kernels say more behind the flags.
  if (length < (ssize_t) (sizeof(*in) + offsetof(struct fuse_init_in, flags) + sizeof(init->flags))) return -EPROTO;
  if (in->opcode != FUSE_INIT || init->major != FUSE_KERNEL_VERSION || init->minor < lowest_minor) return -EPROTO;
  struct fuse_init_out out;
  memset(&out, 0, sizeof(out));
  out.major = FUSE_KERNEL_VERSION;
  out.minor = init->minor < FUSE_KERNEL_MINOR_VERSION ? init->minor : FUSE_KERNEL_MINOR_VERSION;
  out.max_readahead = init->max_readahead < readahead ? init->max_readahead : readahead;
  // Names are looked up in parallel: a listing that takes its time would hold up everybody who knows what he wants.
  out.flags = init->flags & (FUSE_ASYNC_READ | FUSE_BIG_WRITES | FUSE_PARALLEL_DIROPS);
  // Reading ahead is background: it must not wait behind others that wait for the bucket.
  out.max_background = UINT16_MAX;
  out.congestion_threshold = UINT16_MAX;
  out.max_write = MOST_BYTES;
  out.time_gran = 1;
  return reply(it, in->unique, 0, &out, sizeof(out), NULL, 0);
}

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

// What a call asks for. Returns an errno, or 0.
static int decode (call_t *call, const struct fuse_in_header *in) {
  const void *arguments = in + 1;
  switch (in->opcode) {
    case FUSE_GETATTR: {
      const struct fuse_getattr_in *it = arguments;
      call->handle = it->getattr_flags & FUSE_GETATTR_FH ? it->fh : 0;
      return 0;
    }
    case FUSE_SETATTR:
      memcpy(&call->set, arguments, sizeof(call->set));
      call->handle = call->set.valid & FATTR_FH ? call->set.fh : 0;
      return call->set.valid & FATTR_SIZE && call->set.size >= most_position ? EFBIG : 0;
    case FUSE_OPEN: call->flags = ((const struct fuse_open_in *) arguments)->flags; return 0;
    case FUSE_CREATE: call->flags = ((const struct fuse_create_in *) arguments)->flags; return 0;
    case FUSE_ACCESS: call->flags = ((const struct fuse_access_in *) arguments)->mask; return 0;
    case FUSE_FLUSH: call->handle = ((const struct fuse_flush_in *) arguments)->fh; return 0;
    case FUSE_RELEASE: call->handle = ((const struct fuse_release_in *) arguments)->fh; return 0;
    case FUSE_FSYNC:
      call->handle = ((const struct fuse_fsync_in *) arguments)->fh;
      call->flags = ((const struct fuse_fsync_in *) arguments)->fsync_flags;
      return 0;
    case FUSE_READ: case FUSE_READDIR: {
      const struct fuse_read_in *it = arguments;
      call->handle = it->fh;
      call->position = it->offset;
      call->length = it->size;
      call->folder = in->opcode == FUSE_READDIR ? (folder_t *) (uintptr_t) it->fh : NULL;
      return it->offset >= most_position ? EINVAL : 0;
    }
    case FUSE_WRITE: {
      const struct fuse_write_in *it = arguments;
      call->handle = it->fh;
      call->position = it->offset;
      call->length = it->size;
      call->bytes = (const char *) (it + 1);
      return it->offset >= most_position ? EFBIG : 0;
    }
    default: return 0;
  }
}

// Hands a call over to JavaScript. Returns whether it keeps the buffer.
static bool hand_over (session_t *it, const struct fuse_in_header *in, buffer_t *buffer, const char *name, const char *second) {
  call_t *call = calloc(1, sizeof(call_t));
  int error = call == NULL ? ENOMEM : decode(call, in);
  bool is_write = in->opcode == FUSE_WRITE;
  if (error == 0) {
    call->unique = in->unique;
    call->opcode = in->opcode;
    call->pid = in->pid;
    call->received = now_ms();
    call->buffer = is_write ? buffer : NULL;
    call->name = name == NULL ? NULL : strdup(name);
    call->other_name = second == NULL ? NULL : strdup(second);
    if ((name != NULL && call->name == NULL) || (second != NULL && call->other_name == NULL)) error = ENOMEM;
  }
  if (error == 0) {
    pthread_mutex_lock(&it->mutex);
    call->node = node_of(&it->nodes, in->nodeid);
    node_use(call->node);
    if (in->opcode == FUSE_RENAME) {
      call->other = node_of(&it->nodes, ((const struct fuse_rename_in *) (in + 1))->newdir);
      node_use(call->other);
    }
    if (call_is_stale(call)) error = ESTALE;
    else if (!call_admit(it, call)) error = ENOMEM;
    pthread_mutex_unlock(&it->mutex);
  }
  if (error == 0) it->wake(it);
  else {
    if (call != NULL) {
      pthread_mutex_lock(&it->mutex);
      call_drop(it, call);
      pthread_mutex_unlock(&it->mutex);
    }
    answer(it, in, error);
  }
  return error == 0 && is_write;
}

// What is not whole is refused; what wants no answer is not heard.
static void refuse_cut (session_t *it, const struct fuse_in_header *in) {
  if (in->opcode != FUSE_FORGET && in->opcode != FUSE_BATCH_FORGET && in->opcode != FUSE_INTERRUPT) answer(it, in, EINVAL);
}

// Returns whether the buffer is in use yet.
static bool serve (session_t *it, const struct fuse_in_header *in, size_t length, buffer_t *buffer) {
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
      return !answered_here(it, in, name) && hand_over(it, in, buffer, name, second);
    // Of these the kernel knows what to do itself, and does not ask again.
    default: answer(it, in, ENOSYS); return false;
  }
}

static void *reader (void *data) {
  session_t *it = data;
  for (;;) {
    buffer_t *buffer = buffer_take(it);
    ssize_t length = read(it->fd, buffer->bytes, BUFFER_BYTES);
    bool is_over = length < 0 && errno != EINTR && errno != ENOENT && errno != EAGAIN;
    bool is_kept = length >= (ssize_t) sizeof(struct fuse_in_header)
      && serve(it, (const struct fuse_in_header *) buffer->bytes, length, buffer);
    if (!is_kept) buffer_give(it, buffer);
    if (is_over) break;
  }
  pthread_mutex_lock(&it->mutex);
  if (--it->reading == 0) it->is_over = true;
  pthread_mutex_unlock(&it->mutex);
  it->wake(it);
  return NULL;
}

bool session_start (session_t *it) {
  // One that ends at once waits for the mutex, so that it is not counted out before all are counted in.
  pthread_mutex_lock(&it->mutex);
  while (it->reading < READERS && pthread_create(&it->readers[it->reading], NULL, reader, it) == 0) {
    pthread_detach(it->readers[it->reading++]);
  }
  bool is_read = it->reading > 0;
  pthread_mutex_unlock(&it->mutex);
  return is_read;
}
