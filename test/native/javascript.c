// Plays JavaScript: answers calls in any order, those that change something in two steps, as what it does takes its time.
#include "played.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define MOST 4096
#define BLOCK 4096
#define MOST_HANDLES 65536

typedef struct {
  char path[128];
  uint64_t number;
  bool is_folder;
} entry_t;

typedef struct {
  uint64_t unique;
  int step;
  uint64_t found;           // by the first step; 0: nothing
  bool is_folder;
} work_t;

static session_t *session;
static pthread_t thread;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t woken = PTHREAD_COND_INITIALIZER;
static bool is_woken, is_over;

static entry_t all[MOST];
static uint32_t count;
static uint64_t last_number = 1000;
static uint64_t handles[MOST_HANDLES];
static uint32_t last_handle, open_handles;
static uint32_t blocks_given;
static work_t works[MOST];
static uint32_t working;

static entry_t *find (const char *path) {
  for (uint32_t i = 0; i < count; i++) if (strcmp(all[i].path, path) == 0) return &all[i];
  return NULL;
}

static entry_t *make (const char *path, bool is_folder) {
  if (count == MOST) wrong("too many files", count, 0);
  entry_t *entry = &all[count++];
  snprintf(entry->path, sizeof(entry->path), "%s", path);
  entry->number = ++last_number;
  entry->is_folder = is_folder;
  return entry;
}

static void drop (entry_t *entry) {
  *entry = all[--count];
}

static void drop_number (uint64_t number) {
  uint32_t i = 0;
  while (i < count && all[i].number != number) i++;
  if (i == count || strstr(all[i].path, "fuse_hidden") == NULL) wrong("what was hidden is gone", number, i);
  drop(&all[i]);
}

static bool is_in (const entry_t *entry, const char *folder) {
  size_t length = strlen(folder);
  return strncmp(entry->path, folder, length) == 0 && entry->path[length] == '/';
}

static bool is_empty (const char *folder) {
  for (uint32_t i = 0; i < count; i++) if (is_in(&all[i], folder)) return false;
  return true;
}

static void move (const char *from, const char *to) {
  entry_t *there = find(to);
  if (there != NULL) drop(there);
  size_t length = strlen(from);
  for (uint32_t i = 0; i < count; i++) {
    entry_t *entry = &all[i];
    if (strcmp(entry->path, from) != 0 && !is_in(entry, from)) continue;
    char now[sizeof(entry->path)];
    if ((size_t) snprintf(now, sizeof(now), "%s%s", to, entry->path + length) >= sizeof(now)) wrong("a path is too long", length, 0);
    memcpy(entry->path, now, sizeof(now));
  }
}

static void numbers_of (uint64_t number, bool is_folder, double *numbers) {
  const double each[ATTRIBUTES] = { is_folder ? S_IFDIR | 0755 : S_IFREG | 0644, 0, 0, number, 1, 4096, 0, 0, 0 };
  memcpy(numbers, each, sizeof(each));
}

static void end (call_t *call) {
  pthread_mutex_lock(&session->mutex);
  call_end(session, call);
  pthread_mutex_unlock(&session->mutex);
}

static void refuse (call_t *call, int error) {
  pthread_mutex_lock(&session->mutex);
  bool goes_on = call_again_or_done(session, call, error);
  pthread_mutex_unlock(&session->mutex);
  if (goes_on) return session->wake(session);
  reply(session, call->unique, error, NULL, 0, NULL, 0);
  end(call);
}

static bool is_outdated (call_t *call) {
  pthread_mutex_lock(&session->mutex);
  bool is_outdated = call_is_outdated(session, call);
  pthread_mutex_unlock(&session->mutex);
  if (is_outdated) session->wake(session);
  return is_outdated;
}

// A block that says of whom it is, and is freed as soon as it comes back.
static void give_block (uint64_t handle, uint64_t number) {
  uint64_t *bytes = malloc(BLOCK);
  for (size_t i = 0; i < BLOCK / sizeof(number); i++) bytes[i] = number;
  block_t block = { .number = (uintptr_t) bytes, .start = 0, .end = BLOCK, .bytes = (char *) bytes };
  pthread_mutex_lock(&session->mutex);
  bool is_taken = block_give(session, handle, &block);
  if (is_taken && chance(3) == 0) block_want(session, handle, block.number);
  pthread_mutex_unlock(&session->mutex);
  if (is_taken) blocks_given++;
  else free(bytes);
}

static void take_given_back () {
  for (block_t *block = blocks_given_back(session), *next; block != NULL; block = next) {
    next = block->next;
    free((void *) (uintptr_t) block->number);
    free(block);
    blocks_given--;
  }
}

static uint64_t open_handle (uint64_t number) {
  do last_handle = last_handle % (MOST_HANDLES - 1) + 1; while (handles[last_handle] != 0);
  handles[last_handle] = number;
  open_handles++;
  return last_handle;
}

static uint64_t close_handle (uint64_t handle) {
  uint64_t number = handles[handle];
  if (number == 0) wrong("a handle is closed twice", handle, 0);
  handles[handle] = 0;
  open_handles--;
  return number;
}

static void tell (call_t *call, uint64_t number, bool is_folder) {
  double numbers[ATTRIBUTES];
  numbers_of(number, is_folder, numbers);
  if (is_outdated(call)) return;
  if (call->name != NULL) reply_entry(session, call->unique, call->node, call->name, numbers, number);
  else reply_attr(session, call->unique, call->node, numbers, number);
  end(call);
}

static void tell_open (call_t *call, uint64_t number) {
  static const uint32_t flags[] = { 0, OPEN_UNCACHED, OPEN_NO_FLUSH };
  uint64_t handle = open_handle(number);
  bool taken = false, is_given = chance(2);
  opening_t opening = { .handle = handle, .flags = flags[chance(3)], .version = number % 3, .size = chance(3) - 1.0 };
  if (is_given) {
    opening.size = sizeof(number);
    opening.bytes = &number;
    // Now and then not all of it.
    opening.length = sizeof(number) - (chance(5) == 0);
  }
  if (!is_given && chance(2)) opening.size = 8 << 20;
  if (!is_outdated(call)) {
    taken = reply_open(session, call, &opening) == 0;
    end(call);
  }
  // Also after it was closed.
  if (opening.version != 0) give_block(handle, number);
  if (!taken) close_handle(handle);
}

static void create (call_t *call) {
  if (find(call->path) != NULL) return refuse(call, EEXIST);
  double numbers[ATTRIBUTES];
  uint64_t number = make(call->path, false)->number, handle = open_handle(number);
  numbers_of(number, false, numbers);
  bool taken = reply_create(session, call, handle, numbers, number) == 0;
  end(call);
  if (!taken) close_handle(handle);
}

static void read_folder (call_t *call) {
  size_t length = 0;
  char *names = malloc(count * 160 + 1);
  double numbers[2 * MOST];
  uint32_t entries = 0;
  for (uint32_t i = 0; i < count; i++) {
    const char *slash = strrchr(all[i].path, '/');
    size_t above = slash == all[i].path ? 1 : slash - all[i].path;
    if (strlen(call->path) != above || strncmp(all[i].path, call->path, above) != 0) continue;
    bool identified = !all[i].is_folder && strncmp(call->path, "/view", 5) != 0;
    length += 1 + sprintf(names + length, "%c%s", all[i].is_folder ? 'd' : identified ? 'F' : 'f', slash + 1);
    if (identified) length += 1 + sprintf(names + length, "%lu", all[i].number);
    numbers[2 * entries] = all[i].number;
    numbers[2 * entries++ + 1] = 0;
  }
  if (strcmp(call->path, "/view") == 0) kept_add(&session->kept, call->path, KEPT_WHOLE, &(kept_names_t) { names, length, numbers, entries }, 5);
  folder_own(session, call->folder, names, length);
  folder_reply(session, call->unique, call->folder, &(folder_read_t) {
    .node = call->node, .path = call->path, .position = call->position, .size = call->length,
    .with_attributes = call->opcode == FUSE_READDIRPLUS,
  });
  end(call);
}

static void read_file (call_t *call) {
  uint64_t number = handles[call->handle & ~HANDLE_MARKS];
  if (number == 0) wrong("a handle that is not open is read", call->handle, 0);
  if (chance(2)) give_block(call->handle & ~HANDLE_MARKS, number);
  reply(session, call->unique, 0, &number, sizeof(number), NULL, 0);
  end(call);
}

static void write_file (call_t *call) {
  struct fuse_write_out out = { .size = call->length };
  reply(session, call->unique, 0, &out, sizeof(out), NULL, 0);
  end(call);
}

static void close_file (uint64_t handle, const char *hidden) {
  uint64_t number = close_handle(handle);
  // By its number: its folder may be on its way to another name.
  if (hidden != NULL) drop_number(number);
}

static void release (call_t *call) {
  pthread_mutex_lock(&session->mutex);
  char *hidden = handle_released(session, call->node, call->handle);
  pthread_mutex_unlock(&session->mutex);
  close_file(call->handle & ~HANDLE_MARKS, hidden);
  free(hidden);
  refuse(call, 0);
}

static void take_closed () {
  for (open_file_t *file = files_closed(session); file != NULL; file = file_free(file)) close_file(file->handle, file->hidden);
}

static void hide (call_t *call, const char *path) {
  move(path, call->hidden_path);
  pthread_mutex_lock(&session->mutex);
  bool is_open, is_hidden = call_hide(session, call, &is_open);
  pthread_mutex_unlock(&session->mutex);
  if (is_hidden && !is_open) drop(find(call->hidden_path));
}

// Finds in the first step, and answers in the second.
static bool look (call_t *call, work_t *it) {
  if (it->step++ == 0) {
    const entry_t *entry = find(call->path);
    bool is_root = strcmp(call->path, "/") == 0;
    it->found = is_root ? 1 : entry == NULL ? 0 : entry->number;
    it->is_folder = is_root || (entry != NULL && entry->is_folder);
    if (chance(2)) return false;
  }
  if (it->found == 0) refuse(call, ENOENT);
  else if (call->opcode == FUSE_OPEN) tell_open(call, it->found);
  else tell(call, it->found, it->is_folder);
  return true;
}

static bool unlink_file (call_t *call, work_t *it) {
  entry_t *entry = find(call->path);
  if (it->step++ == 1 || entry == NULL) {
    refuse(call, it->step == 2 ? 0 : ENOENT);
    return true;
  }
  if (call->hidden_path != NULL) hide(call, call->path);
  else drop(entry);
  return false;
}

static bool rename_entry (call_t *call, work_t *it) {
  entry_t *entry = find(call->path), *there = find(call->other_path);
  int error = it->step > 0 ? 0 : entry == NULL ? ENOENT : there != NULL && there->is_folder && !is_empty(there->path) ? ENOTEMPTY : 0;
  if (error != 0 || it->step == 2) {
    refuse(call, error);
    return true;
  }
  if (it->step++ == 1) move(call->path, call->other_path);
  else if (call->hidden_path != NULL && there != NULL) hide(call, call->other_path);
  return false;
}

static void make_folder (call_t *call) {
  if (find(call->path) != NULL) refuse(call, EEXIST);
  else tell(call, make(call->path, true)->number, true);
}

static void remove_folder (call_t *call) {
  entry_t *entry = find(call->path);
  int error = entry == NULL ? ENOENT : is_empty(call->path) ? 0 : ENOTEMPTY;
  if (error == 0) drop(entry);
  refuse(call, error);
}

// Returns whether it is done, or wants another step.
static bool work (call_t *call, work_t *it) {
  switch (call->opcode) {
    case FUSE_LOOKUP: case FUSE_GETATTR: case FUSE_SETATTR: case FUSE_OPEN: return look(call, it);
    case FUSE_UNLINK: return unlink_file(call, it);
    case FUSE_RENAME: return rename_entry(call, it);
    case FUSE_CREATE: create(call); return true;
    case FUSE_READ: read_file(call); return true;
    case FUSE_WRITE: write_file(call); return true;
    case FUSE_RELEASE: release(call); return true;
    case FUSE_READDIR: case FUSE_READDIRPLUS: read_folder(call); return true;
    case FUSE_MKDIR: make_folder(call); return true;
    case FUSE_RMDIR: remove_folder(call); return true;
    default: refuse(call, 0); return true;
  }
}

static void take_calls () {
  for (call_t *call = calls_take(session); call != NULL;) {
    call_t *next = call->next;
    if (working == MOST) wrong("too many calls", working, 0);
    works[working++] = (work_t) { .unique = call->unique };
    if (call->buffer != NULL) {
      for (uint32_t i = 0; i < call->length; i++) if ((uint8_t) call->bytes[i] != (uint8_t) call->position) wrong("other bytes were written", i, 0);
      buffer_give(session, call->buffer);
    }
    call = next;
  }
}

static call_t *known (uint64_t unique) {
  pthread_mutex_lock(&session->mutex);
  call_t *call = call_known(session, unique);
  pthread_mutex_unlock(&session->mutex);
  return call;
}

// Of those that change nothing: nobody waits for them any longer.
static void let_go_of_dying () {
  pthread_mutex_lock(&session->mutex);
  uint64_t *uniques = session->dying;
  uint32_t dying = session->dying_count;
  session->dying = NULL;
  session->dying_count = session->dying_size = 0;
  pthread_mutex_unlock(&session->mutex);
  for (uint32_t i = 0; i < dying; i++) {
    for (uint32_t k = 0; k < working; k++) {
      call_t *call = works[k].unique == uniques[i] ? known(uniques[i]) : NULL;
      if (call == NULL || (call->opcode != FUSE_LOOKUP && call->opcode != FUSE_GETATTR && call->opcode != FUSE_OPEN)) continue;
      works[k] = works[--working];
      refuse(call, EINTR);
      break;
    }
  }
  free(uniques);
}

static void *javascript (void *data) {
  (void) data;
  for (;;) {
    pthread_mutex_lock(&mutex);
    while (!is_woken && !is_over && working == 0) pthread_cond_wait(&woken, &mutex);
    is_woken = false;
    bool ends = is_over;
    pthread_mutex_unlock(&mutex);
    take_calls();
    if (ends || chance(10) == 0) take_closed();
    if (ends || chance(4) == 0) take_given_back();
    let_go_of_dying();
    if (chance(200) == 0) kept_drop(&session->kept, chance(2));
    if (working > 0) {
      uint32_t i = chance(working);
      work_t it = works[i];
      works[i] = works[--working];
      call_t *call = known(it.unique);
      if (call == NULL) wrong("a call is gone", it.unique, 0);
      if (!work(call, &it)) works[working++] = it;
    }
    if (ends && working == 0) return NULL;
  }
}

static void wake (session_t *it) {
  (void) it;
  pthread_mutex_lock(&mutex);
  is_woken = true;
  pthread_cond_signal(&woken);
  pthread_mutex_unlock(&mutex);
}

void javascript_begin (session_t *it) {
  char path[64];
  session = it;
  it->wake = wake;
  numbers_of(0, false, it->file);
  numbers_of(0, true, it->folder);
  make("/d0", true)->number = 2;
  make("/d1", true)->number = 4;
  make("/view", true)->number = 6;
  for (int i = 0; i < 300; i++) {
    snprintf(path, sizeof(path), "/view/a file with a name of some length, %d", i);
    make(path, false)->number = 2 * i + 11;
  }
  pthread_create(&thread, NULL, javascript, NULL);
}

void javascript_end () {
  pthread_mutex_lock(&mutex);
  is_over = true;
  pthread_cond_signal(&woken);
  pthread_mutex_unlock(&mutex);
  pthread_join(thread, NULL);
  if (working > 0) wrong("calls were not answered", working, 0);
  if (blocks_given > 0) wrong("blocks were not given back", blocks_given, 0);
  for (uint32_t i = 0; i < count; i++) if (strstr(all[i].path, "fuse_hidden") != NULL) wrong("a hidden file was left", i, all[i].number);
}

uint32_t handles_open () {
  return open_handles;
}
