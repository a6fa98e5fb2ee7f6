// Open folders: what is in them is handed to the kernel a piece at a time, each entry under its place among the bytes.
#include "session.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

// `.` and `..` have the places 0 and 1.
static const uint64_t own_entries = 2;

folder_t *folder_open () {
  folder_t *folder = calloc(1, sizeof(folder_t));
  if (folder != NULL) pthread_mutex_init(&folder->mutex, NULL);
  return folder;
}

static void let_go (session_t *it, folder_t *folder) {
  if (folder->kept != NULL) kept_release(&it->kept, folder->kept);
  free(folder->own);
  folder->kept = NULL;
  folder->own = NULL;
}

void folder_close (session_t *it, folder_t *folder) {
  let_go(it, folder);
  pthread_mutex_destroy(&folder->mutex);
  free(folder);
}

void folder_keep (session_t *it, folder_t *folder, kept_folder_t *kept) {
  pthread_mutex_lock(&folder->mutex);
  let_go(it, folder);
  folder->kept = kept;
  folder->names = kept->names;
  folder->length = kept->names_length;
  pthread_mutex_unlock(&folder->mutex);
}

void folder_own (session_t *it, folder_t *folder, char *names, size_t length) {
  pthread_mutex_lock(&folder->mutex);
  let_go(it, folder);
  folder->own = names;
  folder->names = names;
  folder->length = length;
  pthread_mutex_unlock(&folder->mutex);
}

// false: it no longer fits.
static bool put (char *out, size_t *used, size_t size, const char *name, bool is_folder, uint64_t inode, uint64_t next) {
  size_t length = strlen(name);
  size_t bytes = FUSE_DIRENT_ALIGN(FUSE_NAME_OFFSET + length);
  if (*used + bytes > size) return false;
  struct fuse_dirent *entry = (struct fuse_dirent *) (out + *used);
  entry->ino = inode;
  entry->off = next;
  entry->namelen = length;
  entry->type = is_folder ? DT_DIR : DT_REG;
  memset(entry->name + length, 0, bytes - FUSE_NAME_OFFSET - length);
  memcpy(entry->name, name, length);
  *used += bytes;
  return true;
}

static uint64_t above (const char *path) {
  const char *slash = strrchr(path, '/');
  if (slash == path) return inode_of_path("/");
  return inode_number(inode_hash(INODE_SEED, path, slash - path));
}

// Each entry is its type, its name and a 0: 'd' a folder and 'f' a file whose numbers are made of their paths; after 'F' comes
// one more text with a 0, of which that of the file is made.
static size_t fill (const folder_t *folder, const char *path, uint64_t at, char *out, size_t size) {
  size_t used = 0;
  if (at == 0 && put(out, &used, size, ".", true, inode_of_path(path), 1)) at = 1;
  if (at == 1 && put(out, &used, size, "..", true, above(path), own_entries)) at = own_entries;
  if (at < own_entries) return used;

  uint64_t hash = inode_hash(INODE_SEED, path, path[1] == 0 ? 0 : strlen(path));
  hash = inode_hash(hash, "/", 1);
  for (at -= own_entries; at < folder->length;) {
    const char *entry = folder->names + at;
    size_t length = strlen(entry + 1);
    uint64_t next = at + length + 2;
    uint64_t own = inode_hash(hash, entry + 1, length);
    if (*entry == 'F') {
      const char *identity = folder->names + next;
      own = inode_hash(INODE_SEED, identity, strlen(identity));
      next += strlen(identity) + 1;
    }
    if (!put(out, &used, size, entry + 1, *entry == 'd', inode_number(own), next + own_entries)) break;
    at = next;
  }
  return used;
}

int folder_reply (session_t *it, uint64_t unique, folder_t *folder, const char *path, uint64_t position, size_t size) {
  char *out = malloc(size);
  if (out == NULL) return reply(it, unique, ENOMEM, NULL, 0, NULL, 0);
  pthread_mutex_lock(&folder->mutex);
  size_t used = fill(folder, path, position, out, size);
  pthread_mutex_unlock(&folder->mutex);
  int result = reply(it, unique, 0, out, used, NULL, 0);
  free(out);
  return result;
}
