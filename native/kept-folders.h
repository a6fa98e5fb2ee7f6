// Folders that JavaScript has handed over to be kept for a while: who reads them, and who asks for what is in them, is
// answered by the thread that the kernel's call came to. To JavaScript a call goes through two threads more.
#ifndef KEPT_FOLDERS_H
#define KEPT_FOLDERS_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KEPT_BUCKETS 1024
// Zeros behind the names of a folder: an entry of which the end is missing ends there.
#define NAMES_END 2

typedef struct kept_folder {
  struct kept_folder *next;   // in its bucket
  struct kept_folder *older;
  struct kept_folder *newer;
  // Those who read it out, and one for the table itself: who is the last frees it.
  uint32_t users;
  uint32_t hash;
  uint64_t until;
  size_t bytes;
  // Of each entry its size and its mtime in milliseconds.
  double *numbers;
  uint32_t count;
  // Each entry is its type, 'd' or 'f', its name and a 0.
  char *names;
  size_t names_length;
  // Where each entry begins, and a hash table of their ordinals from 1 on; made when somebody asks for one.
  uint32_t *starts;
  uint32_t *slots;
  uint32_t mask;
  bool is_being_indexed;
  char path[];
} kept_folder_t;

typedef struct {
  pthread_mutex_t mutex;
  kept_folder_t *buckets[KEPT_BUCKETS];
  kept_folder_t *oldest;
  kept_folder_t *newest;
  uint32_t folders;
  size_t bytes;
  uint64_t answered;
} kept_folders_t;

typedef struct {
  bool is_folder;
  double size;
  double mtime;
} kept_entry_t;

// Tells of what is at a path, if its folder is kept and has it. What it does not have, may have come since: JavaScript knows.
bool kept_lookup (kept_folders_t *all, const char *path, kept_entry_t *entry);
// A folder to be read out; NULL: it is not kept. It is given back with kept_release.
kept_folder_t *kept_hold (kept_folders_t *all, const char *path);
void kept_release (kept_folders_t *all, kept_folder_t *it);
// Keeps a folder, in the place of what was kept of it before. Without memory for it: does not.
void kept_add (kept_folders_t *all, const char *path, const char *names, size_t names_length, const double *numbers, uint32_t count, uint32_t ms);
void kept_drop (kept_folders_t *all, bool only_expired);

#endif
