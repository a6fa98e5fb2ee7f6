// How the kernel's calls are laid out: arguments, then names, each with a 0 behind it, or bytes.
#include "requests.h"

#include <string.h>

size_t arguments_size (uint32_t opcode) {
  switch (opcode) {
    case FUSE_FORGET: return sizeof(struct fuse_forget_in);
    case FUSE_BATCH_FORGET: return sizeof(struct fuse_batch_forget_in);
    case FUSE_INTERRUPT: return sizeof(struct fuse_interrupt_in);
    case FUSE_GETATTR: return sizeof(struct fuse_getattr_in);
    case FUSE_SETATTR: return sizeof(struct fuse_setattr_in);
    case FUSE_ACCESS: return sizeof(struct fuse_access_in);
    case FUSE_OPEN: return sizeof(struct fuse_open_in);
    case FUSE_CREATE: return sizeof(struct fuse_create_in);
    case FUSE_READ: case FUSE_READDIR: case FUSE_READDIRPLUS: return sizeof(struct fuse_read_in);
    case FUSE_WRITE: return sizeof(struct fuse_write_in);
    case FUSE_FLUSH: return sizeof(struct fuse_flush_in);
    case FUSE_FSYNC: return sizeof(struct fuse_fsync_in);
    case FUSE_RELEASE: case FUSE_RELEASEDIR: return sizeof(struct fuse_release_in);
    case FUSE_MKDIR: return sizeof(struct fuse_mkdir_in);
    case FUSE_MKNOD: return sizeof(struct fuse_mknod_in);
    case FUSE_LINK: return sizeof(struct fuse_link_in);
    case FUSE_RENAME: return sizeof(struct fuse_rename_in);
    case FUSE_GETXATTR: case FUSE_LISTXATTR: return sizeof(struct fuse_getxattr_in);
    default: return 0;
  }
}

uint32_t names_in (uint32_t opcode) {
  switch (opcode) {
    case FUSE_RENAME: return 2;
    case FUSE_LOOKUP: case FUSE_UNLINK: case FUSE_RMDIR: case FUSE_SYMLINK: case FUSE_MKDIR: case FUSE_MKNOD: case FUSE_CREATE: case FUSE_LINK:
    case FUSE_GETXATTR:
      return 1;
    default: return 0;
  }
}

bool request_is_whole (const struct fuse_in_header *in, size_t length) {
  const char *at = (const char *) (in + 1), *end = (const char *) in + length;
  size_t size = arguments_size(in->opcode);
  if (in->len != length || length < sizeof(*in) + size) return false;
  const void *arguments = at;
  at += size;
  if (in->opcode == FUSE_WRITE) return ((const struct fuse_write_in *) arguments)->size <= (size_t) (end - at);
  if (in->opcode == FUSE_BATCH_FORGET) {
    return ((const struct fuse_batch_forget_in *) arguments)->count <= (end - at) / sizeof(struct fuse_forget_one);
  }
  for (uint32_t names = names_in(in->opcode); names > 0; names--) {
    const char *last = memchr(at, 0, end - at);
    if (last == NULL) return false;
    at = last + 1;
  }
  return true;
}
