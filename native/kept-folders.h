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
#define KEPT_GONE UINT32_MAX

// What a folder is: one that is read again when anything in it changes, or one of which names may go one by one, and others come. The
// latter's names are told only to who asks for one.
typedef enum { KEPT_WHOLE, KEPT_NAMES } kept_kind_t;

typedef struct kept_folder {
  struct kept_folder *next;   // in its bucket
  struct kept_folder *older;
  struct kept_folder *newer;
  // Those who read it out, and one for the table itself: who is the last frees it.
  uint32_t users;
  uint32_t hash;
  kept_kind_t kind;
  uint64_t until;
  size_t bytes;
  // Of each entry its size and its mtime in milliseconds.
  double *numbers;
  uint32_t count;
  // Each entry is its type, 'd' or 'f', its name and a 0; after 'F' comes one more text with a 0, of which its inode's number is made.
  char *names;
  size_t names_length;
  // Where each entry begins (KEPT_GONE: it is there no longer), and a hash table of their ordinals from 1 on; made when somebody asks for one.
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

// What is in a folder, in somebody else's memory.
typedef struct {
  const char *names;
  size_t length;
  const double *numbers;
  uint32_t count;
} kept_names_t;

typedef struct {
  kept_kind_t kind;           // of the folder that it is in
  bool is_folder;
  uint64_t inode;             // 0: its path makes it
  double size;
  double mtime;
} kept_entry_t;

// Tells of what is at a path, if its folder is kept and has it. What it does not have, may have come since: JavaScript knows.
bool kept_lookup (kept_folders_t *all, const char *path, kept_entry_t *entry);
// There is something else at a path now, or nothing, or it is another kind of file.
void kept_forget (kept_folders_t *all, const char *path);
// For so long again all that was kept of a folder of KEPT_NAMES, and is not forgotten, is so.
void kept_renew (kept_folders_t *all, const char *path, uint32_t ms);
// A folder to be read out; NULL: it is not kept, or not to be read out. It is given back with kept_release.
kept_folder_t *kept_hold (kept_folders_t *all, const char *path);
// The same of one in which names are looked up with kept_find, which takes no mutex; NULL also while its table is being made.
kept_folder_t *kept_hold_table (kept_folders_t *all, const char *path);
bool kept_find (const kept_folder_t *it, const char *name, kept_entry_t *entry);
void kept_release (kept_folders_t *all, kept_folder_t *it);
// Keeps a folder, in the place of what was kept of it before. Without memory for it: does not.
void kept_add (kept_folders_t *all, const char *path, kept_kind_t kind, const kept_names_t *names, uint32_t ms);
void kept_drop (kept_folders_t *all, bool only_expired);

#endif
