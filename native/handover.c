// A call on its way to JavaScript: what it asks for is read from the kernel's bytes, and it is known by its number from then on.
#include "session.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

// What JavaScript's numbers hold.
static const uint64_t most_position = (uint64_t) 1 << 53;

// What a call asks for. Returns an errno, or 0.
static int decode (call_t *call, const struct fuse_in_header *in) {
  const void *arguments = in + 1;
  switch (in->opcode) {
    case FUSE_GETATTR: {
      const struct fuse_getattr_in *it = arguments;
      call->handle = it->getattr_flags & FUSE_GETATTR_FH ? plain_handle(it->fh) : 0;
      return 0;
    }
    case FUSE_SETATTR:
      memcpy(&call->set, arguments, sizeof(call->set));
      call->handle = call->set.valid & FATTR_FH ? plain_handle(call->set.fh) : 0;
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
    case FUSE_READ: case FUSE_READDIR: case FUSE_READDIRPLUS: {
      const struct fuse_read_in *it = arguments;
      call->handle = in->opcode == FUSE_READ ? plain_handle(it->fh) : 0;
      call->position = it->offset;
      call->length = it->size;
      call->folder = in->opcode == FUSE_READ ? NULL : (folder_t *) (uintptr_t) it->fh;
      return it->offset >= most_position ? EINVAL : 0;
    }
    case FUSE_GETXATTR: case FUSE_LISTXATTR: call->length = ((const struct fuse_getxattr_in *) arguments)->size; return 0;
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

// Whether something may be there after it that was not.
static bool gives_name (uint32_t opcode) {
  switch (opcode) {
    case FUSE_CREATE: case FUSE_MKNOD: case FUSE_MKDIR: case FUSE_SYMLINK: case FUSE_LINK: case FUSE_RENAME: return true;
    default: return false;
  }
}

static bool is_to_write (const call_t *call) {
  if (call->opcode == FUSE_CREATE) return true;
  return call->opcode == FUSE_OPEN && (call->flags & (O_WRONLY | O_RDWR)) != 0;
}

// Of who closes a file that may have been written to.
static double faults_of_closer (session_t *it, const struct fuse_in_header *in) {
  pthread_mutex_lock(&it->mutex);
  const char *known = node_of(&it->nodes, in->nodeid)->name;
  char *name = known == NULL ? NULL : strdup(known);
  pthread_mutex_unlock(&it->mutex);
  double faults = name == NULL ? -1 : faults_if_alone(in->pid, name);
  free(name);
  return faults;
}

bool call_hand_over (session_t *it, const struct fuse_in_header *in, buffer_t *buffer, const char *name, const char *second) {
  call_t *call = calloc(1, sizeof(call_t));
  int error = call == NULL ? ENOMEM : decode(call, in);
  bool is_write = in->opcode == FUSE_WRITE;
  if (error == 0) {
    call->unique = in->unique;
    call->opcode = in->opcode;
    call->pid = in->pid;
    if (is_to_write(call)) call->caller = caller_of(in->pid);
    if (in->opcode == FUSE_FLUSH) call->caller.faults = faults_of_closer(it, in);
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
    if (in->opcode == FUSE_LINK) {
      call->other = node_of(&it->nodes, ((const struct fuse_link_in *) (in + 1))->oldnodeid);
      node_use(call->other);
    }
    if (gives_name(in->opcode)) absent_clear(&it->absent);
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
    reply(it, in->unique, error, NULL, 0, NULL, 0);
  }
  return error == 0 && is_write;
}
