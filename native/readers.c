// The threads that read the kernel's calls, the buffers that they read them into, and the first call, by which a mount begins.
#define _GNU_SOURCE
#include "session.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const uint32_t lowest_minor = 23;

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
  // Who looks at what he finds in a folder (`ls -l`) is told its attributes with the names: the kernel sees who does.
  out.flags |= init->flags & (FUSE_DO_READDIRPLUS | FUSE_READDIRPLUS_AUTO);
  // What is written has no set-user-ID bit and no capability to lose, so the kernel need not ask at each write.
  out.flags |= init->flags & FUSE_HANDLE_KILLPRIV_V2;
  // Each answer wakes somebody up: large ones take less of the processors.
  out.flags |= init->flags & FUSE_MAX_PAGES;
  out.max_pages = MOST_READ / sysconf(_SC_PAGESIZE);
  it->is_asked_once = (out.flags & FUSE_HANDLE_KILLPRIV_V2) != 0;
  // Reading ahead is background: it must not wait behind others that wait for the bucket.
  out.max_background = UINT16_MAX;
  out.congestion_threshold = UINT16_MAX;
  out.max_write = MOST_BYTES;
  out.time_gran = 1;
  return reply(it, in->unique, 0, &out, sizeof(out), NULL, 0);
}

static void *reader (void *data) {
  session_t *it = data;
  for (;;) {
    buffer_t *buffer = buffer_take(it);
    ssize_t length = read(it->fd, buffer->bytes, BUFFER_BYTES);
    bool is_over = length < 0 && errno != EINTR && errno != ENOENT && errno != EAGAIN;
    bool is_kept = length >= (ssize_t) sizeof(struct fuse_in_header)
      && call_serve(it, (const struct fuse_in_header *) buffer->bytes, length, buffer);
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
