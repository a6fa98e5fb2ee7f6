// The folders that are kept: a table by path, in the order in which they were asked for last.
#include "kept-folders.h"
#include "nodes.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

// So much is kept at most; then what nobody asked for longest goes.
static const uint32_t kept_most_folders = 2048;
static const size_t kept_most_bytes = 32 << 20;
// Milliseconds for which one of KEPT_NAMES may be renewed when its time is over.
static const uint64_t kept_renewable = 2000;

static uint64_t kept_now () {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t) now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static uint32_t kept_hash (const char *text, size_t length) {
  uint32_t hash = 2166136261u;
  for (size_t i = 0; i < length; i++) hash = (hash ^ (uint8_t) text[i]) * 16777619u;
  return hash ^ (hash >> 15);
}

static void kept_unuse (kept_folder_t *it) {
  if (--it->users > 0) return;
  free(it->starts);
  free(it);
}

static void kept_unlink (kept_folders_t *all, kept_folder_t *it) {
  if (it->older) it->older->newer = it->newer; else all->oldest = it->newer;
  if (it->newer) it->newer->older = it->older; else all->newest = it->older;
}

static void kept_append (kept_folders_t *all, kept_folder_t *it) {
  it->older = all->newest;
  it->newer = NULL;
  if (all->newest) all->newest->newer = it; else all->oldest = it;
  all->newest = it;
}

static void kept_remove (kept_folders_t *all, kept_folder_t *it) {
  kept_folder_t **link = &all->buckets[it->hash % KEPT_BUCKETS];
  while (*link != it) link = &(*link)->next;
  *link = it->next;
  kept_unlink(all, it);
  all->folders--;
  all->bytes -= it->bytes;
  kept_unuse(it);
}

static bool kept_is_past (const kept_folder_t *it, uint64_t now) {
  return it->until + (it->kind == KEPT_NAMES ? kept_renewable : 0) <= now;
}

// The folder of a path, if it is kept, whatever its time. The mutex is held.
static kept_folder_t *kept_any (kept_folders_t *all, const char *path, size_t length) {
  if (all->folders == 0) return NULL;
  uint32_t hash = kept_hash(path, length);
  kept_folder_t *it = all->buckets[hash % KEPT_BUCKETS];
  while (it && (it->hash != hash || strncmp(it->path, path, length) != 0 || it->path[length] != 0)) it = it->next;
  return it;
}

// The same, if its time is not over.
static kept_folder_t *kept_get (kept_folders_t *all, const char *path, size_t length) {
  kept_folder_t *it = kept_any(all, path, length);
  uint64_t now = it == NULL ? 0 : kept_now();
  if (it == NULL || it->until <= now) {
    if (it != NULL && kept_is_past(it, now)) kept_remove(all, it);
    return NULL;
  }
  if (all->newest != it) {
    kept_unlink(all, it);
    kept_append(all, it);
  }
  return it;
}

static const char *kept_identity (const char *entry) {
  return *entry == 'F' ? entry + 1 + strlen(entry + 1) + 1 : NULL;
}

// The hash table: where entries begin, and behind that its slots. Its memory was counted when the folder came. NULL: no memory.
static uint32_t *kept_table (const kept_folder_t *it) {
  uint32_t *starts = calloc((size_t) it->count + it->mask + 1, sizeof(uint32_t));
  if (starts == NULL) return NULL;

  uint32_t *slots = starts + it->count;
  size_t at = 0;
  for (uint32_t i = 0; i < it->count && at < it->names_length; i++) {
    const char *name = it->names + at + 1;
    size_t length = strlen(name);
    uint32_t slot = kept_hash(name, length) & it->mask;
    while (slots[slot] != 0) slot = (slot + 1) & it->mask;
    slots[slot] = i + 1;
    starts[i] = at;
    const char *last = kept_identity(it->names + at);
    at = (last == NULL ? name : last) + strlen(last == NULL ? name : last) + 1 - it->names;
  }
  return starts;
}

// Makes it without the mutex, which every call needs: of a large folder it takes long. Who asks for something in it meanwhile
// asks JavaScript. The mutex is held before and after, and the folder may be kept no longer then.
static void kept_index (kept_folder_t *it, pthread_mutex_t *mutex) {
  if (it->is_being_indexed) return;
  it->is_being_indexed = true;
  it->users++;
  pthread_mutex_unlock(mutex);
  uint32_t *starts = kept_table(it);
  pthread_mutex_lock(mutex);
  it->starts = starts;
  it->slots = starts == NULL ? NULL : starts + it->count;
  it->is_being_indexed = false;
  kept_unuse(it);
}

// As kept_get, of those that have their table.
static kept_folder_t *kept_get_table (kept_folders_t *all, const char *path, size_t length) {
  kept_folder_t *it = kept_get(all, path, length);
  if (it != NULL && it->starts == NULL) {
    kept_index(it, &all->mutex);
    it = kept_get(all, path, length);
  }
  return it == NULL || it->starts == NULL ? NULL : it;
}

// The ordinal of a name; the folder's count: it has no such name.
static uint32_t kept_ordinal (const kept_folder_t *it, const char *name) {
  for (uint32_t slot = kept_hash(name, strlen(name)) & it->mask; it->slots[slot] != 0; slot = (slot + 1) & it->mask) {
    uint32_t i = it->slots[slot] - 1;
    if (it->starts[i] != KEPT_GONE && strcmp(it->names + it->starts[i] + 1, name) == 0) return i;
  }
  return it->count;
}

bool kept_find (const kept_folder_t *it, const char *name, kept_entry_t *entry) {
  uint32_t i = kept_ordinal(it, name);
  if (i == it->count) return false;
  const char *at = it->names + it->starts[i], *identity = kept_identity(at);
  *entry = (kept_entry_t) {
    .kind = it->kind, .is_folder = *at == 'd', .size = it->numbers[2 * i], .mtime = it->numbers[2 * i + 1],
    .inode = identity == NULL ? 0 : inode_number(inode_hash(INODE_SEED, identity, strlen(identity))),
  };
  return true;
}

bool kept_lookup (kept_folders_t *all, const char *path, kept_entry_t *entry) {
  const char *slash = strrchr(path, '/');
  if (slash == NULL || slash == path) return false;

  pthread_mutex_lock(&all->mutex);
  kept_folder_t *it = kept_get_table(all, path, slash - path);
  bool found = it != NULL && kept_find(it, slash + 1, entry);
  if (found) all->answered++;
  pthread_mutex_unlock(&all->mutex);
  return found;
}

void kept_forget (kept_folders_t *all, const char *path) {
  const char *slash = strrchr(path, '/');
  if (slash == NULL || slash == path) return;
  pthread_mutex_lock(&all->mutex);
  kept_folder_t *it = kept_any(all, path, slash - path);
  if (it != NULL && it->kind == KEPT_NAMES && it->starts == NULL) {
    kept_index(it, &all->mutex);
    it = kept_any(all, path, slash - path);
  }
  if (it != NULL && it->kind == KEPT_NAMES) {
    uint32_t i = it->starts == NULL ? 0 : kept_ordinal(it, slash + 1);
    // Without its table it can't be told of: there is no memory for one, or another thread is making it.
    if (it->starts == NULL) kept_remove(all, it);
    else if (i < it->count) it->starts[i] = KEPT_GONE;
  }
  pthread_mutex_unlock(&all->mutex);
}

void kept_renew (kept_folders_t *all, const char *path, uint32_t ms) {
  pthread_mutex_lock(&all->mutex);
  kept_folder_t *it = kept_any(all, path, strlen(path));
  if (it != NULL && it->kind == KEPT_NAMES) it->until = kept_now() + ms;
  pthread_mutex_unlock(&all->mutex);
}

kept_folder_t *kept_hold_table (kept_folders_t *all, const char *path) {
  pthread_mutex_lock(&all->mutex);
  kept_folder_t *it = kept_get_table(all, path, strlen(path));
  // Of others names go while somebody looks.
  if (it != NULL && it->kind != KEPT_WHOLE) it = NULL;
  if (it != NULL) it->users++;
  pthread_mutex_unlock(&all->mutex);
  return it;
}

kept_folder_t *kept_hold (kept_folders_t *all, const char *path) {
  pthread_mutex_lock(&all->mutex);
  kept_folder_t *it = kept_get(all, path, strlen(path));
  if (it != NULL && it->kind != KEPT_WHOLE) it = NULL;
  if (it != NULL) {
    it->users++;
    all->answered++;
  }
  pthread_mutex_unlock(&all->mutex);
  return it;
}

void kept_release (kept_folders_t *all, kept_folder_t *it) {
  pthread_mutex_lock(&all->mutex);
  kept_unuse(it);
  pthread_mutex_unlock(&all->mutex);
}

void kept_drop (kept_folders_t *all, bool only_expired) {
  uint64_t now = kept_now();
  pthread_mutex_lock(&all->mutex);
  for (kept_folder_t *it = all->oldest; it != NULL;) {
    kept_folder_t *next = it->newer;
    if (!only_expired || kept_is_past(it, now)) kept_remove(all, it);
    it = next;
  }
  pthread_mutex_unlock(&all->mutex);
}

// A folder that nobody knows of yet, with what is in it. NULL: no memory, or it is too large.
static kept_folder_t *kept_make (const char *path, kept_kind_t kind, const kept_names_t *in) {
  uint32_t count = in->count;
  size_t length = strlen(path);
  uint32_t size = 8;
  while (size < 2 * (uint64_t) count) size *= 2;
  // The numbers first: they want to be aligned.
  size_t head = (sizeof(kept_folder_t) + length + 1 + 7) & ~(size_t) 7;
  size_t own = head + 2 * sizeof(double) * count + in->length + NAMES_END;
  size_t bytes = own + ((size_t) count + size) * sizeof(uint32_t);
  kept_folder_t *it = bytes > kept_most_bytes ? NULL : calloc(1, own);
  if (it == NULL) return NULL;
  it->users = 1;
  it->hash = kept_hash(path, length);
  it->kind = kind;
  it->bytes = bytes;
  it->count = count;
  it->mask = size - 1;
  it->numbers = (double *) ((char *) it + head);
  it->names = (char *) (it->numbers + 2 * count);
  it->names_length = in->length;
  memcpy(it->path, path, length + 1);
  if (count > 0) memcpy(it->numbers, in->numbers, 2 * sizeof(double) * count);
  if (in->length > 0) memcpy(it->names, in->names, in->length);
  return it;
}

void kept_add (kept_folders_t *all, const char *path, kept_kind_t kind, const kept_names_t *names, uint32_t ms) {
  // Up to 32 MB are copied before anybody has to wait.
  kept_folder_t *it = kept_make(path, kind, names);
  pthread_mutex_lock(&all->mutex);
  kept_folder_t *former = kept_any(all, path, strlen(path));
  if (former != NULL) kept_remove(all, former);
  if (it != NULL) {
    while (all->oldest != NULL && (all->folders >= kept_most_folders || all->bytes + it->bytes > kept_most_bytes)) {
      kept_remove(all, all->oldest);
    }
    it->until = kept_now() + ms;
    it->next = all->buckets[it->hash % KEPT_BUCKETS];
    all->buckets[it->hash % KEPT_BUCKETS] = it;
    kept_append(all, it);
    all->folders++;
    all->bytes += it->bytes;
  }
  pthread_mutex_unlock(&all->mutex);
}
