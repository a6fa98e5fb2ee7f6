// Threads that do with files what programs do, all at once, as far as the kernel lets them; each of the kernel's numbers must stay
// the file that it was told of, and in the end nothing may be left. Arguments: how many things each does, and the seed of chance.
#include "played.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define THREADS 6
#define MOST_INODES 4096

typedef struct {
  uint64_t node;
  uint64_t lookups;
  uint32_t pins;
  uint64_t number;
  bool is_going;            // somebody removes or replaces it, or has
} inode_t;

static session_t session;
static inode_t inodes[MOST_INODES];
static uint32_t count;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
// Renames are alone among what changes names; in one folder only one thing changes at a time.
static pthread_rwlock_t tree = PTHREAD_RWLOCK_INITIALIZER;
static pthread_mutex_t folders[64];
static __thread uint64_t random_state;
static uint64_t seed, threads_begun;

void wrong (const char *what, uint64_t one, uint64_t other) {
  fprintf(stderr, "wrong: %s (%lu, %lu; seed %lu)\n", what, one, other, seed);
  abort();
}

uint32_t chance (uint32_t of) {
  if (random_state == 0) random_state = seed * 7919 + 104729 * __atomic_add_fetch(&threads_begun, 1, __ATOMIC_RELAXED);
  random_state ^= random_state << 13;
  random_state ^= random_state >> 7;
  random_state ^= random_state << 17;
  return (random_state >> 16) % of;
}

static inode_t *inode_of (uint64_t node) {
  for (uint32_t i = 0; i < count; i++) if (inodes[i].node == node) return &inodes[i];
  return NULL;
}

// What it is told of is pinned.
void learn (const struct fuse_entry_out *out) {
  pthread_mutex_lock(&mutex);
  inode_t *it = inode_of(out->nodeid);
  if (it == NULL) {
    if (count == MOST_INODES) wrong("too many inodes", count, 0);
    it = &inodes[count++];
    *it = (inode_t) { .node = out->nodeid, .number = out->attr.size };
  }
  if (it->number != out->attr.size) wrong("a node became another file", it->number, out->attr.size);
  it->lookups++;
  it->pins++;
  pthread_mutex_unlock(&mutex);
}

static void pin (uint64_t node, int by) {
  pthread_mutex_lock(&mutex);
  inode_of(node)->pins += by;
  pthread_mutex_unlock(&mutex);
}

static void set_going (uint64_t node, bool is_going) {
  pthread_mutex_lock(&mutex);
  if (node != 0) inode_of(node)->is_going = is_going;
  pthread_mutex_unlock(&mutex);
}

static bool is_certain (const answer_t *answer) {
  return answer->error != ECONNABORTED && answer->error != EINTR;
}

// 0: it is not there. What is found is pinned.
static uint64_t look (uint64_t folder, const char *name) {
  answer_t answer;
  do ask(FUSE_LOOKUP, folder, NULL, 0, name, strlen(name) + 1, &answer); while (!is_certain(&answer));
  if (answer.error != 0) return 0;
  return ((const struct fuse_entry_out *) answer.bytes)->nodeid;
}

static void look_at (uint64_t node) {
  struct fuse_getattr_in in = { .getattr_flags = 0 };
  answer_t answer;
  ask(FUSE_GETATTR, node, &in, sizeof(in), NULL, 0, &answer);
  pthread_mutex_lock(&mutex);
  const inode_t *it = inode_of(node);
  uint64_t size = ((const struct fuse_attr_out *) answer.bytes)->attr.size;
  if (answer.error == 0 && size != it->number) wrong("a node is told to be another file", it->number, size);
  if (answer.error == ENOENT && !it->is_going) wrong("a file that is there is not found", it->number, 0);
  if (answer.error == ESTALE && !it->is_going) wrong("a file that is there is stale", it->number, 0);
  pthread_mutex_unlock(&mutex);
}

static void use_handle (uint64_t node, uint64_t handle) {
  answer_t answer;
  for (uint32_t i = chance(6); i > 0; i--) {
    if (chance(2)) {
      struct fuse_read_in in = { .fh = handle, .size = 4096, .offset = 0 };
      ask(FUSE_READ, node, &in, sizeof(in), NULL, 0, &answer);
      if (answer.error != 0) continue;
      pthread_mutex_lock(&mutex);
      uint64_t number = inode_of(node)->number, read = *(const uint64_t *) answer.bytes;
      pthread_mutex_unlock(&mutex);
      if (read != number) wrong("another file is read", number, read);
    } else {
      char bytes[3000];
      struct fuse_write_in in = { .fh = handle, .offset = chance(1000), .size = 1 + chance(sizeof(bytes) - 1) };
      memset(bytes, (uint8_t) in.offset, sizeof(bytes));
      ask(FUSE_WRITE, node, &in, sizeof(in), bytes, in.size, &answer);
    }
    if (chance(3) == 0) look_at(node);
  }
  struct fuse_release_in in = { .fh = handle };
  ask(FUSE_RELEASE, node, &in, sizeof(in), NULL, 0, &answer);
}

static void open_file (uint64_t node) {
  struct fuse_open_in in = { .flags = 0 };
  answer_t answer;
  ask(FUSE_OPEN, node, &in, sizeof(in), NULL, 0, &answer);
  if (answer.error == 0) use_handle(node, ((const struct fuse_open_out *) answer.bytes)->fh);
}

static void create_file (uint64_t folder, const char *name) {
  struct fuse_create_in in = { .flags = 0 };
  answer_t answer;
  pthread_rwlock_rdlock(&tree);
  pthread_mutex_lock(&folders[folder / 16 % 64]);
  uint64_t there = look(folder, name);
  if (there == 0) ask(FUSE_CREATE, folder, &in, sizeof(in), name, strlen(name) + 1, &answer);
  pthread_mutex_unlock(&folders[folder / 16 % 64]);
  pthread_rwlock_unlock(&tree);
  if (there != 0) return pin(there, -1);
  if (answer.error != 0) return;
  const struct fuse_entry_out *out = (const struct fuse_entry_out *) answer.bytes;
  use_handle(out->nodeid, ((const struct fuse_open_out *) (out + 1))->fh);
  pin(out->nodeid, -1);
}

static void make_folder (uint64_t folder, const char *name) {
  struct fuse_mkdir_in in = { .mode = 0755 };
  answer_t answer;
  pthread_rwlock_wrlock(&tree);
  ask(FUSE_MKDIR, folder, &in, sizeof(in), name, strlen(name) + 1, &answer);
  pthread_rwlock_unlock(&tree);
  if (answer.error != 0) return;
  pin(((const struct fuse_entry_out *) answer.bytes)->nodeid, -1);
}

static void unlink_file (uint64_t folder, const char *name) {
  answer_t answer;
  pthread_rwlock_rdlock(&tree);
  pthread_mutex_lock(&folders[folder / 16 % 64]);
  uint64_t node = look(folder, name);
  if (node != 0) {
    set_going(node, true);
    ask(FUSE_UNLINK, folder, NULL, 0, name, strlen(name) + 1, &answer);
    if (answer.error != 0 && is_certain(&answer)) set_going(node, false);
    pin(node, -1);
  }
  pthread_mutex_unlock(&folders[folder / 16 % 64]);
  pthread_rwlock_unlock(&tree);
}

static void remove_folder (uint64_t folder, const char *name) {
  answer_t answer;
  pthread_rwlock_wrlock(&tree);
  uint64_t node = look(folder, name);
  if (node != 0) {
    set_going(node, true);
    ask(FUSE_RMDIR, folder, NULL, 0, name, strlen(name) + 1, &answer);
    if (answer.error != 0 && is_certain(&answer)) set_going(node, false);
    pin(node, -1);
  }
  pthread_rwlock_unlock(&tree);
}

static void rename_entry (uint64_t folder, const char *name, uint64_t other, const char *to) {
  struct fuse_rename_in in = { .newdir = other };
  char names[64];
  size_t length = 2 + sprintf(names, "%s%c%s", name, 0, to);
  answer_t answer;
  if (folder == other && strcmp(name, to) == 0) return;
  pthread_rwlock_wrlock(&tree);
  uint64_t node = look(folder, name), there = node == 0 ? 0 : look(other, to);
  if (node != 0) {
    set_going(there, true);
    length = strlen(name) + strlen(to) + 2;
    ask(FUSE_RENAME, folder, &in, sizeof(in), names, length, &answer);
    if (answer.error != 0 && is_certain(&answer)) set_going(there, false);
    pin(node, -1);
    if (there != 0) pin(there, -1);
  }
  pthread_rwlock_unlock(&tree);
}

static bool is_name (const struct fuse_dirent *entry) {
  static const char *beginnings[] = { ".", "f", "s", "d", "view", "a file with a name of some length, " };
  for (size_t i = 0; i < sizeof(beginnings) / sizeof(*beginnings); i++) {
    size_t length = strlen(beginnings[i]);
    if (entry->namelen >= length && memcmp(entry->name, beginnings[i], length) == 0) return true;
  }
  return false;
}

// What stands before an entry with attributes is of the same file.
static void see_attributes (const struct fuse_entry_out *told, const struct fuse_dirent *entry) {
  if (told->nodeid == 0) return;
  bool is_folder = (told->attr.mode & S_IFMT) == S_IFDIR;
  if (is_folder != (entry->type == DT_DIR) || entry->name[0] == '.') wrong("attributes are of something else", told->nodeid, entry->off);
  pin(told->nodeid, -1);
}

// Reads a piece of a folder. Returns the place behind it, and counts its entries.
static uint64_t read_piece (uint64_t node, uint64_t handle, uint64_t position, uint32_t *entries) {
  struct fuse_read_in in = { .fh = handle, .offset = position, .size = 600 + chance(3400) };
  bool is_plus = chance(2);
  size_t before = is_plus ? sizeof(struct fuse_entry_out) : 0;
  answer_t answer;
  ask(is_plus ? FUSE_READDIRPLUS : FUSE_READDIR, node, &in, sizeof(in), NULL, 0, &answer);
  *entries = 0;
  for (size_t at = 0; answer.error == 0 && at < answer.length; (*entries)++) {
    const struct fuse_dirent *entry = (const struct fuse_dirent *) (answer.bytes + at + before);
    if (entry->ino == 0 || !is_name(entry)) wrong("an entry makes no sense", position, entry->off);
    if (is_plus) see_attributes((const struct fuse_entry_out *) (answer.bytes + at), entry);
    if (entry->off <= position) wrong("the places of entries go back", position, entry->off);
    position = entry->off;
    at += before + FUSE_DIRENT_SIZE(entry);
  }
  return position;
}

static void read_folder (uint64_t node) {
  struct fuse_open_in in = { .flags = 0 };
  answer_t answer;
  ask(FUSE_OPENDIR, node, &in, sizeof(in), NULL, 0, &answer);
  if (answer.error != 0) return;
  uint64_t handle = ((const struct fuse_open_out *) answer.bytes)->fh, position = chance(4) ? 0 : chance(20000);
  uint32_t entries;
  do position = read_piece(node, handle, position, &entries); while (entries > 0 && chance(30));
  for (uint32_t i = chance(4); i > 0; i--) read_piece(node, handle, chance(20000), &entries);
  struct fuse_release_in release = { .fh = handle };
  ask(FUSE_RELEASEDIR, node, &release, sizeof(release), NULL, 0, &answer);
}

static void forget () {
  struct fuse_forget_one all[8];
  uint32_t forgotten = 0;
  pthread_mutex_lock(&mutex);
  for (uint32_t tries = 0; tries < 16 && forgotten < 8 && count > 0; tries++) {
    inode_t *it = &inodes[chance(count)];
    if (it->pins > 0) continue;
    all[forgotten++] = (struct fuse_forget_one) { .nodeid = it->node, .nlookup = it->lookups };
    *it = inodes[--count];
  }
  pthread_mutex_unlock(&mutex);
  if (forgotten == 1 || chance(2)) for (uint32_t i = 0; i < forgotten; i++) tell_forget(all[i].nodeid, all[i].nlookup);
  else if (forgotten > 0) tell_forgets(all, forgotten);
}

static const char *file_name () {
  static const char *names[] = { "f0", "f1", "f2" };
  return names[chance(3)];
}

static const char *folder_name () {
  return chance(2) ? "s0" : "s1";
}

static uint64_t top_folder () {
  return look(FUSE_ROOT_ID, chance(2) ? "d0" : "d1");
}

// One of the folders that files are in, pinned; 0: it is not there now.
static uint64_t some_folder () {
  uint64_t top = top_folder();
  if (top == 0 || chance(2)) return top;
  uint64_t folder = look(top, folder_name());
  pin(top, -1);
  return folder;
}

static void view () {
  char name[64];
  uint64_t folder = look(FUSE_ROOT_ID, "view");
  if (folder == 0) return;
  if (chance(3) == 0) read_folder(folder);
  snprintf(name, sizeof(name), "a file with a name of some length, %d", chance(300));
  uint64_t node = look(folder, name);
  if (node != 0) {
    look_at(node);
    pin(node, -1);
  }
  pin(folder, -1);
}

static void change_folders () {
  uint64_t one = top_folder(), other = top_folder();
  if (one != 0 && chance(3) == 0) make_folder(one, folder_name());
  else if (one != 0 && chance(3) == 0) remove_folder(one, folder_name());
  else if (one != 0 && other != 0) rename_entry(one, folder_name(), other, folder_name());
  if (one != 0) pin(one, -1);
  if (other != 0) pin(other, -1);
}

static void rename_file () {
  uint64_t one = some_folder(), other = some_folder();
  if (one != 0 && other != 0) rename_entry(one, file_name(), other, file_name());
  if (one != 0) pin(one, -1);
  if (other != 0) pin(other, -1);
}

// As the kernel does it: what it finds while the name may change only tells whether what it knows is still there; who is to use
// a file is told of it while nothing changes in the folder.
static uint64_t look_again (uint64_t folder, const char *name) {
  uint64_t known = look(folder, name);
  if (known != 0) pin(known, -1);
  pthread_rwlock_rdlock(&tree);
  pthread_mutex_lock(&folders[folder / 16 % 64]);
  uint64_t node = look(folder, name);
  pthread_mutex_unlock(&folders[folder / 16 % 64]);
  pthread_rwlock_unlock(&tree);
  return node;
}

static void use_file (uint64_t folder) {
  uint64_t node = look_again(folder, file_name());
  if (node == 0) return;
  if (chance(2)) look_at(node);
  else open_file(node);
  pin(node, -1);
}

static void *program (void *data) {
  for (long left = (long) data; left > 0; left--) {
    uint32_t what = chance(20);
    if (what == 0) view();
    else if (what == 1) change_folders();
    else if (what < 4) rename_file();
    else if (what < 7) forget();
    else {
      uint64_t folder = some_folder();
      if (folder == 0) continue;
      if (what < 10) create_file(folder, file_name());
      else if (what < 12) unlink_file(folder, file_name());
      else if (what == 12) read_folder(folder);
      else use_file(folder);
      pin(folder, -1);
    }
  }
  return NULL;
}

// A process that is being killed, but can't notice: it stands still.
static pid_t dying_process () {
  pid_t child = fork();
  if (child == 0) for (;;) pause();
  int status;
  kill(child, SIGSTOP);
  waitpid(child, &status, WUNTRACED);
  kill(child, SIGTERM);
  return child;
}

static void run (long things) {
  pthread_t threads[THREADS];
  for (int i = 0; i < THREADS; i++) pthread_create(&threads[i], NULL, program, (void *) things);
  for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
}

static void forget_all () {
  while (count > 0) {
    if (inodes[0].pins > 0) wrong("the test itself forgot a pin", inodes[0].number, inodes[0].pins);
    forget();
  }
}

static void wait_for_end () {
  bool is_over = false;
  while (!is_over) {
    usleep(1000);
    pthread_mutex_lock(&session.mutex);
    is_over = session.is_over;
    pthread_mutex_unlock(&session.mutex);
  }
}

// All was forgotten: but for the readers, that sleep with a buffer each, nothing is in use.
static void check_end () {
  uint32_t buffers = 0;
  for (buffer_t *it = session.free_buffers; it != NULL; it = it->next) buffers++;
  if (buffers != BUFFERS) wrong("buffers are in use", buffers, BUFFERS);
  bool is_queued = session.parked != NULL || session.queue.first != NULL || session.reads.first != NULL;
  if (session.waiting != 0 || is_queued) wrong("calls wait", session.waiting, 0);
  if (session.files.open != NULL || session.files.closed != NULL) wrong("files are open", session.files.closed_count, 0);
  if (handles_open() != 0) wrong("handles are open", handles_open(), 0);
  if (session.nodes.count != 0 || session.nodes.root.users != 0) wrong("nodes are left", session.nodes.count, session.nodes.root.users);
}

int main (int argc, char **argv) {
  long things = argc > 1 ? atol(argv[1]) : 2000;
  seed = argc > 2 ? atol(argv[2]) : getpid();
  pid_t dying = dying_process();
  kernel_begin(dying);
  if (!session_init(&session, 1)) wrong("no memory", 0, 0);
  for (uint32_t i = 0; i < BUFFERS; i++) {
    session.buffers[i] = (buffer_t) { .bytes = malloc(BUFFER_BYTES), .ordinal = i, .next = session.free_buffers };
    session.free_buffers = &session.buffers[i];
  }
  for (int i = 0; i < 64; i++) pthread_mutex_init(&folders[i], NULL);
  javascript_begin(&session);
  if (!interrupts_start(&session) || !session_start(&session)) wrong("no threads", 0, 0);
  run(things);
  forget_all();
  kernel_end();
  wait_for_end();
  javascript_end();
  check_end();
  kill(dying, SIGKILL);
  waitpid(dying, NULL, 0);
  printf("%ld things by each of %d threads, seed %lu\n", things, THREADS, seed);
  return 0;
}
