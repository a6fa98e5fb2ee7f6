// Open folders: what is in them is handed to the kernel a piece at a time, each entry under its place among the bytes.
#include "session.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

// `.` and `..` have the places 0 and 1.
static const uint64_t own_entries = 2;
// Bytes of the piece with which it is seen whether attributes are wanted: some twenty entries.
static const size_t first_piece = 4096;

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

// What is told of a folder at a time.
typedef struct {
  char *bytes;
  size_t used;
  size_t size;
  node_t *parent;              // of those that are told with their attributes; NULL: no entry has room for them
  const kept_folder_t *known;  // where these are; NULL: nowhere
} piece_t;

// What is before each entry: with nothing in it the kernel asks for attributes when somebody wants them.
static size_t before_entry (const piece_t *piece) {
  return piece->parent == NULL ? 0 : sizeof(struct fuse_entry_out);
}

// false: it no longer fits.
static bool put (piece_t *piece, const char *name, bool is_folder, uint64_t inode, uint64_t next) {
  size_t length = strlen(name);
  size_t before = before_entry(piece);
  size_t bytes = FUSE_DIRENT_ALIGN(FUSE_NAME_OFFSET + length);
  if (piece->used + before + bytes > piece->size) return false;
  memset(piece->bytes + piece->used, 0, before);
  struct fuse_dirent *entry = (struct fuse_dirent *) (piece->bytes + piece->used + before);
  entry->ino = inode;
  entry->off = next;
  entry->namelen = length;
  entry->type = is_folder ? DT_DIR : DT_REG;
  memset(entry->name + length, 0, bytes - FUSE_NAME_OFFSET - length);
  memcpy(entry->name, name, length);
  piece->used += before + bytes;
  return true;
}

// Puts attributes before the entry that was put last, at a place of the piece.
static void put_attributes (session_t *it, piece_t *piece, size_t place, const char *name, bool is_folder, uint64_t inode) {
  kept_entry_t entry;
  double numbers[ATTRIBUTES];
  if (piece->known == NULL || !kept_find(piece->known, name, &entry) || entry.is_folder != is_folder) return;
  kept_numbers(it, &entry, numbers);
  tell_entry(it, (struct fuse_entry_out *) (piece->bytes + place), piece->parent, name, numbers, inode, false);
}

// The kernel did not take the piece: what it was told of in it, it will not forget.
static void take_back (session_t *it, const piece_t *piece) {
  size_t before = before_entry(piece);
  pthread_mutex_lock(&it->mutex);
  for (size_t at = 0; before > 0 && at < piece->used;) {
    const struct fuse_entry_out *told = (const struct fuse_entry_out *) (piece->bytes + at);
    if (told->nodeid != 0) node_forget(&it->nodes, node_of(&it->nodes, told->nodeid), 1);
    at += before + FUSE_DIRENT_SIZE((const struct fuse_dirent *) (piece->bytes + at + before));
  }
  pthread_mutex_unlock(&it->mutex);
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

static void fill (session_t *it, folder_t *folder, const char *path, uint64_t at, piece_t *piece) {
  if (at == 0 && put(piece, ".", true, inode_of_path(path), 1)) at = 1;
  if (at == 1 && put(piece, "..", true, above(path), own_entries)) at = own_entries;
  if (at < own_entries) return;

  uint64_t hash = inode_hash(INODE_SEED, path, path[1] == 0 ? 0 : strlen(path));
  hash = inode_hash(hash, "/", 1);
  for (at = entry_at(folder, at - own_entries); at < folder->length;) {
    const char *entry = folder->names + at;
    const char *identity = identity_of(entry);
    uint64_t own = identity == NULL
      ? inode_hash(hash, entry + 1, strlen(entry + 1)) : inode_hash(INODE_SEED, identity, strlen(identity));
    uint64_t next = next_of(folder, at);
    size_t place = piece->used;
    if (!put(piece, entry + 1, *entry == 'd', told_inode(entry, at, own), next + own_entries)) break;
    if (piece->parent != NULL) put_attributes(it, piece, place, entry + 1, *entry == 'd', inode_number(own));
    at = next;
  }
  folder->known = at;
}

int folder_reply (session_t *it, uint64_t unique, folder_t *folder, const folder_read_t *read) {
  piece_t piece = { .bytes = malloc(read->size), .size = read->size, .parent = read->with_attributes ? read->node : NULL };
  if (piece.bytes == NULL) return reply(it, unique, ENOMEM, NULL, 0, NULL, 0);
  // The kernel always asks for them with the beginning of a folder: what nobody looks at (`find -type f`) would be told for nothing, and
  // has to be forgotten. By what becomes of a short piece without them it sees whether somebody does.
  bool is_first = piece.parent != NULL && read->position == 0;
  if (is_first && piece.size > first_piece) piece.size = first_piece;
  // Of what is so now: the folder may have been opened long ago.
  kept_folder_t *known = piece.parent == NULL || is_first ? NULL : kept_hold_table(&it->kept, read->path);
  piece.known = known;
  pthread_mutex_lock(&folder->mutex);
  fill(it, folder, read->path, read->position, &piece);
  pthread_mutex_unlock(&folder->mutex);
  if (known != NULL) kept_release(&it->kept, known);
  int result = reply(it, unique, 0, piece.bytes, piece.used, NULL, 0);
  if (result != 0) take_back(it, &piece);
  free(piece.bytes);
  return result;
}
