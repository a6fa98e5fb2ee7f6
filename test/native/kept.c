// Folders that are kept: found, replaced, over their time, too many, too large, and asked for by several threads while they come and go.
#include "../../native/kept-folders.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define check(is_so) check_at((is_so), #is_so, __LINE__)
#define FOR_LONG 1000000

static kept_folders_t all = { .mutex = PTHREAD_MUTEX_INITIALIZER };

static void check_at (bool is_so, const char *what, int line) {
  if (is_so) return;
  fprintf(stderr, "wrong in kept.c, line %d: %s\n", line, what);
  abort();
}

// A folder of so many files, and its first entry a folder.
static void keep_as (kept_kind_t kind, const char *path, uint32_t count, double size, uint32_t ms) {
  char *names = malloc(count * 16 + 1);
  double *numbers = malloc((2 * count + 1) * sizeof(double));
  size_t length = 0;
  for (uint32_t i = 0; i < count; i++) {
    length += 1 + sprintf(names + length, "%cfile %u", i == 0 ? 'd' : 'f', i);
    numbers[2 * i] = size + i;
    numbers[2 * i + 1] = i;
  }
  kept_add(&all, path, kind, &(kept_names_t) { names, length, numbers, count }, ms);
  free(names);
  free(numbers);
}

static void keep (const char *path, uint32_t count, double size, uint32_t ms) {
  keep_as(KEPT_WHOLE, path, count, size, ms);
}

static bool is_found (const char *path, double size) {
  kept_entry_t entry;
  if (!kept_lookup(&all, path, &entry)) return false;
  check(entry.size == size);
  return true;
}

static void check_empty () {
  kept_drop(&all, false);
  check(all.folders == 0 && all.bytes == 0 && all.oldest == NULL && all.newest == NULL);
  for (uint32_t i = 0; i < KEPT_BUCKETS; i++) check(all.buckets[i] == NULL);
}

static void finds () {
  kept_entry_t entry;
  keep("/a", 1000, 5000, FOR_LONG);
  for (uint32_t i = 0; i < 1000; i++) {
    char path[32];
    snprintf(path, sizeof(path), "/a/file %u", i);
    check(kept_lookup(&all, path, &entry) && entry.size == 5000 + i && entry.mtime == i && entry.is_folder == (i == 0));
  }
  check(!is_found("/a/file", 0) && !is_found("/a/file 1000", 0) && !is_found("/b/file 1", 0) && !is_found("/a", 0) && !is_found("nothing", 0));
  check(!is_found("/a/b/file 1", 0));
  keep("/empty", 0, 0, FOR_LONG);
  check(!is_found("/empty/x", 0));
  kept_folder_t *held = kept_hold(&all, "/empty");
  check(held != NULL && held->names_length == 0);
  kept_release(&all, held);
  check_empty();
}

static void replaces () {
  keep("/a", 3, 100, FOR_LONG);
  kept_folder_t *held = kept_hold(&all, "/a");
  keep("/a", 3, 200, FOR_LONG);
  check(all.folders == 1 && is_found("/a/file 1", 201));
  // Who reads the former one has it until he is done.
  check(held->numbers[0] == 100 && strcmp(held->names, "dfile 0") == 0);
  kept_drop(&all, false);
  check(!is_found("/a/file 1", 0));
  kept_release(&all, held);
  check_empty();
}

// Names that go one by one; whoever reads such a folder out is not told of here.
static void forgets () {
  kept_entry_t entry;
  double numbers[] = { 1, 10, 2, 20, 3, 30 };
  kept_names_t in = { "Fone\0new/7\0Ftwo\0new/8\0fthree", 28, numbers, 3 };
  kept_add(&all, "/new", KEPT_NAMES, &in, FOR_LONG);
  check(kept_hold(&all, "/new") == NULL);
  check(kept_lookup(&all, "/new/one", &entry) && entry.kind == KEPT_NAMES && entry.size == 1 && entry.mtime == 10 && !entry.is_folder);
  uint64_t inode = entry.inode;
  check(kept_lookup(&all, "/new/two", &entry) && entry.size == 2 && entry.inode != 0 && entry.inode != inode);
  check(kept_lookup(&all, "/new/three", &entry) && entry.size == 3 && entry.inode == 0);
  kept_forget(&all, "/new/two");
  kept_forget(&all, "/new/nothing");
  kept_forget(&all, "/elsewhere/one");
  check(!is_found("/new/two", 0) && is_found("/new/one", 1) && is_found("/new/three", 3));
  kept_forget(&all, "/new/two");
  kept_add(&all, "/new", KEPT_NAMES, &in, FOR_LONG);
  check(is_found("/new/two", 2));
  // Nobody has asked for anything in it yet.
  kept_add(&all, "/new", KEPT_NAMES, &in, FOR_LONG);
  kept_forget(&all, "/new/one");
  check(!is_found("/new/one", 0));
  keep("/view", 3, 100, FOR_LONG);
  kept_forget(&all, "/view/file 1");
  check(is_found("/view/file 1", 101));
  check_empty();
}

// Its time is over, but what was kept may be so for longer; what went meanwhile is gone.
static void is_renewed () {
  keep_as(KEPT_NAMES, "/new", 3, 100, 1);
  keep("/view", 3, 100, 1);
  usleep(20000);
  check(!is_found("/new/file 1", 0) && !is_found("/view/file 1", 0));
  kept_drop(&all, true);
  check(all.folders == 1);
  kept_forget(&all, "/new/file 2");
  kept_renew(&all, "/new", FOR_LONG);
  kept_renew(&all, "/view", FOR_LONG);
  check(is_found("/new/file 1", 101) && !is_found("/new/file 2", 0) && !is_found("/view/file 1", 0));
  keep_as(KEPT_NAMES, "/new", 3, 200, 1);
  usleep(20000);
  keep_as(KEPT_NAMES, "/new", 3, 300, FOR_LONG);
  check(all.folders == 1 && is_found("/new/file 2", 302));
  kept_drop(&all, false);
  kept_renew(&all, "/new", FOR_LONG);
  check(!is_found("/new/file 1", 0));
  check_empty();
}

static void ends () {
  keep("/short", 3, 1, 0);
  keep("/long", 3, 1, FOR_LONG);
  check(!is_found("/short/file 1", 0) && kept_hold(&all, "/short") == NULL && is_found("/long/file 1", 2));
  keep("/short", 3, 1, 1);
  usleep(20000);
  kept_drop(&all, true);
  check(all.folders == 1 && is_found("/long/file 1", 2));
  check_empty();
}

// What was not asked for longest goes first.
static void is_bounded () {
  char path[32];
  for (uint32_t i = 0; i < 5000; i++) {
    snprintf(path, sizeof(path), "/many %u", i);
    keep(path, 2, i, FOR_LONG);
    check(is_found("/many 0/file 1", 1));
    check(all.bytes <= 32 << 20);
  }
  check(all.folders < 5000 && is_found("/many 4999/file 1", 5000) && !is_found("/many 1/file 1", 0));
  keep("/large", 400000, 7, FOR_LONG);
  check(is_found("/large/file 399999", 400006));
  // The two together are too large: all else goes before that.
  keep("/other", 400000, 9, FOR_LONG);
  check(all.folders == 1 && is_found("/other/file 399999", 400008) && all.bytes <= 32 << 20);
  keep("/large", 4000000, 7, FOR_LONG);
  // Too large: what was kept of it is not so any longer, either.
  check(!is_found("/large/file 1", 0));
  check_empty();
}

// A count that is not that of the names, and names without an end, are nobody's doing; but nothing is read beyond them.
static void makes_no_sense () {
  double numbers[20] = { 0 };
  kept_add(&all, "/a", KEPT_WHOLE, &(kept_names_t) { "fone\0ftwo", 9, numbers, 10 }, FOR_LONG);
  check(is_found("/a/one", 0) && is_found("/a/two", 0) && !is_found("/a/three", 0));
  kept_add(&all, "/b", KEPT_WHOLE, &(kept_names_t) { "f", 1, numbers, 1 }, FOR_LONG);
  check(!is_found("/b/x", 0));
  for (size_t length = 0; length <= 6; length++) {
    kept_add(&all, "/c", KEPT_NAMES, &(kept_names_t) { "Fx\0y\0f", length, numbers, 3 }, FOR_LONG);
    check(!is_found("/c/z", 0));
  }
  check_empty();
}

static volatile bool is_over;

static void *asks (void *data) {
  char path[64];
  unsigned seed = (uintptr_t) data;
  while (!__atomic_load_n(&is_over, __ATOMIC_RELAXED)) {
    uint32_t folder = rand_r(&seed) % 8, file = rand_r(&seed) % 3000;
    kept_entry_t entry;
    snprintf(path, sizeof(path), "/folder %u/file %u", folder, file);
    if (kept_lookup(&all, path, &entry)) check(entry.size == 10000.0 * folder + file);
    if (rand_r(&seed) % 32 == 0) kept_forget(&all, path);
    snprintf(path, sizeof(path), "/folder %u", folder);
    kept_folder_t *held = rand_r(&seed) % 16 == 0 ? kept_hold(&all, path) : NULL;
    if (held == NULL) continue;
    check(held->numbers[0] == 10000.0 * folder);
    kept_release(&all, held);
  }
  return NULL;
}

static void comes_and_goes () {
  pthread_t threads[4];
  char path[32];
  for (uintptr_t i = 0; i < 4; i++) pthread_create(&threads[i], NULL, asks, (void *) (i + 1));
  for (uint32_t i = 0; i < 300; i++) {
    uint32_t folder = i * 7 % 8;
    snprintf(path, sizeof(path), "/folder %u", folder);
    keep_as(folder % 2 == 0 ? KEPT_WHOLE : KEPT_NAMES, path, 3000, 10000.0 * folder, i % 5 == 0 ? 1 : FOR_LONG);
    if (i % 16 == 0) kept_drop(&all, i % 32 == 0);
    usleep(500);
  }
  __atomic_store_n(&is_over, true, __ATOMIC_RELAXED);
  for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL);
  check(all.answered > 0);
  check_empty();
}

int main () {
  finds();
  replaces();
  forgets();
  is_renewed();
  ends();
  is_bounded();
  makes_no_sense();
  comes_and_goes();
  return 0;
}
