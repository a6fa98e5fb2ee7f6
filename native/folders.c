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
  folder->known = 0;
}

bool folder_is_read (folder_t *folder) {
  pthread_mutex_lock(&folder->mutex);
  bool is_read = folder->names != NULL;
  pthread_mutex_unlock(&folder->mutex);
  return is_read;
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
static const char *identity_of (const char *entry) {
  return *entry == 'F' ? entry + 1 + strlen(entry + 1) + 1 : NULL;
}

static uint64_t next_of (const folder_t *folder, uint64_t at) {
  const char *entry = folder->names + at;
  const char *last = *entry == 'F' ? identity_of(entry) : entry + 1;
  return last + strlen(last) + 1 - folder->names;
}

// Where the first entry begins that is not before a place. Programs may seek to anywhere, and to a place of before the folder was
// read again: what is there need not be the beginning of one.
static uint64_t entry_at (const folder_t *folder, uint64_t at) {
  if (at >= folder->length) return folder->length;
  uint64_t place = folder->known <= at ? folder->known : 0;
  while (place < at) place = next_of(folder, place);
  return place;
}

// The number that is told with a name. Programs that copy go by these (GNU cp sorts by them), and what is read ahead for them is read
// in the order of the listing: so folders, the messages, have numbers that rise with it. Of a folder nobody may rely on it being that
// of stat(2): at a mountpoint it is not, either.
static uint64_t told_inode (const char *entry, uint64_t at, uint64_t own) {
  return *entry == 'd' ? own_entries + at : inode_number(own);
}

static size_t fill (folder_t *folder, const char *path, uint64_t at, char *out, size_t size) {
  size_t used = 0;
  if (at == 0 && put(out, &used, size, ".", true, inode_of_path(path), 1)) at = 1;
  if (at == 1 && put(out, &used, size, "..", true, above(path), own_entries)) at = own_entries;
  if (at < own_entries) return used;

  uint64_t hash = inode_hash(INODE_SEED, path, path[1] == 0 ? 0 : strlen(path));
  hash = inode_hash(hash, "/", 1);
  for (at = entry_at(folder, at - own_entries); at < folder->length;) {
    const char *entry = folder->names + at;
    const char *identity = identity_of(entry);
    uint64_t own = identity == NULL
      ? inode_hash(hash, entry + 1, strlen(entry + 1)) : inode_hash(INODE_SEED, identity, strlen(identity));
    uint64_t next = next_of(folder, at);
    if (!put(out, &used, size, entry + 1, *entry == 'd', told_inode(entry, at, own), next + own_entries)) break;
    at = next;
  }
  folder->known = at;
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
