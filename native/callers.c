// Who calls: looked up while the caller waits for its answer, by the thread that reads its call.
#include "callers.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// Of mounts of ours, and whatever else a process has in user space.
static const char fuse_type[] = "fuse";
static const char deleted[] = " (deleted)";
// Has files of its own, for which there are no descriptors.
static const char ring[] = "anon_inode:[io_uring]";
// Descriptors that are looked at: some 2 us each.
static const uint32_t most_descriptors = 64;
// Of these, by the name in question.
#define MOST_NAMESAKES 8

// The first bytes of a file, with a 0 behind them. false: it can't be read.
static bool read_start (const char *format, uint32_t thread, char *bytes, size_t size) {
  char path[64];
  snprintf(path, sizeof(path), format, thread);
  int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return false;
  ssize_t count = pread(file, bytes, size - 1, 0);
  close(file);
  bytes[count < 0 ? 0 : count] = '\0';
  return count > 0;
}

// What stands behind the name of a field, and before it a new line; NULL: there is no such field. @see proc(5), /proc/pid/status
static const char *field_of (const char *status, const char *name) {
  const char *line = strstr(status, name);
  if (line == NULL) return NULL;
  line += strlen(name);
  return line + strspn(line, " \t");
}

static uint64_t number_in (const char *status, const char *name, uint64_t otherwise) {
  const char *field = field_of(status, name);
  return field == NULL ? otherwise : strtoull(field, NULL, 10);
}

// Then its children end without a trace.
static bool ignores_children (const char *status) {
  const char *ignored = field_of(status, "\nSigIgn:");
  return ignored == NULL || (strtoull(ignored, NULL, 16) >> (SIGCHLD - 1) & 1) != 0;
}

static uint32_t process_of (uint32_t thread) {
  char text[1024];
  return read_start("/proc/%u/status", thread, text, sizeof(text)) ? number_in(text, "\nTgid:", 0) : 0;
}

// Field 11. @see proc(5), /proc/pid/stat
static double faults_of_children (uint32_t thread) {
  char text[1024];
  if (!read_start("/proc/%u/stat", thread, text, sizeof(text))) return -1;
  // From field 3 on: the name before it may hold anything.
  const char *at = strrchr(text, ')');
  for (int field = 2; at != NULL && field < 11; field++) at = strchr(at + 1, ' ');
  return at == NULL ? -1 : strtod(at + 1, NULL);
}

caller_t caller_of (uint32_t thread) {
  uint32_t process = thread == 0 ? 0 : process_of(thread);
  return (caller_t) { process, process == 0 ? -1 : faults_of_children(thread) };
}

// Of what numbers it knows processes by, /proc tells by our own.
static bool knows_our_numbers () {
  char text[32];
  ssize_t length = readlink("/proc/self", text, sizeof(text) - 1);
  text[length < 0 ? 0 : length] = '\0';
  return strtoul(text, NULL, 10) == (unsigned long) getpid();
}

// Of one thread, whose children would be seen, and neither ending (it has its memory) nor about to run another program (it has one).
static bool is_one_that_goes_on (uint32_t process) {
  char text[4096];
  if (!read_start("/proc/%u/status", process, text, sizeof(text))) return false;
  const char *state = field_of(text, "\nState:");
  return state != NULL && *state != 'Z' && *state != 'X' && !ignores_children(text)
    && number_in(text, "\nTgid:", 0) == process && number_in(text, "\nThreads:", 0) == 1
    && number_in(text, "\nVmSize:", 0) != 0 && number_in(text, "\nVmExe:", 0) != 0 && number_in(text, "\nCoreDumping:", 0) == 0;
}

static bool has_no_children (uint32_t process) {
  char path[64], text[2];
  snprintf(path, sizeof(path), "/proc/%u/task/%u/children", process, process);
  int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return false;
  ssize_t count = read(file, text, sizeof(text));
  close(file);
  return count == 0;
}

static bool ends_in (const char *path, const char *name) {
  const char *last = strrchr(path, '/');
  return strcmp(last == NULL ? path : last + 1, name) == 0;
}

// Whether the path that a descriptor is open on may be of a file of that name, which may end itself as the kernel ends what was deleted. A
// file that is a mount by itself, and in no place any more, is called as the root is.
static bool may_be_named (char *link, const char *name) {
  if (ends_in(link, name) || strcmp(link, "/") == 0 || strcmp(link, ring) == 0) return true;
  size_t length = strlen(link), ending = strlen(deleted);
  if (length <= ending || strcmp(link + length - ending, deleted) != 0) return false;
  link[length - ending] = '\0';
  return ends_in(link, name);
}

// A line of mountinfo. @see proc(5), /proc/pid/mountinfo
typedef struct {
  uint64_t id;
  char root[PATH_MAX];
  bool is_fuse;
} mount_line_t;

static bool read_mount (const char *line, mount_line_t *mount) {
  const char *type = strstr(line, " - ");
  if (type == NULL || sscanf(line, "%" SCNu64 " %*s %*s %4095s", &mount->id, mount->root) != 2) return false;
  mount->is_fuse = strncmp(type + 3, fuse_type, strlen(fuse_type)) == 0;
  return true;
}

// A file may be a mount by itself, and be called whatever that is mounted at. What is escaped, or deleted, may be any.
static bool may_be_mounted (const mount_line_t *mount, const char *name) {
  if (!mount->is_fuse || strcmp(mount->root, "/") == 0) return false;
  return ends_in(mount->root, name) || strpbrk(mount->root, "\\") != NULL || strstr(mount->root, "//deleted") != NULL;
}

// Mounts that descriptors of files by the wanted name are in: who copies a file has the one open that it copies, too.
typedef struct {
  uint64_t ids[MOST_NAMESAKES];
  uint32_t count;
} namesakes_t;

// false: its mount can't be told, or there are too many.
static bool add_namesake (namesakes_t *all, uint32_t process, const char *descriptor) {
  char path[64], text[1024];
  snprintf(path, sizeof(path), "/proc/%%u/fdinfo/%.10s", descriptor);
  if (all->count == MOST_NAMESAKES || !read_start(path, process, text, sizeof(text))) return false;
  all->ids[all->count++] = number_in(text, "\nmnt_id:", 0);
  return true;
}

static void forget_found (namesakes_t *all, uint64_t id) {
  for (uint32_t i = all->count; i-- > 0;) if (all->ids[i] == id) all->ids[i] = all->ids[--all->count];
}

// Whether all of these are in mounts that the process sees and that are not of such a filesystem as ours, and none of its mounts may be
// a file of that name.
static bool are_elsewhere (uint32_t process, namesakes_t *all, const char *name) {
  char path[64];
  snprintf(path, sizeof(path), "/proc/%u/mountinfo", process);
  FILE *mounts = fopen(path, "re");
  if (mounts == NULL) return false;
  char *line = NULL;
  size_t size = 0;
  bool is_certain = true;
  mount_line_t mount;
  while (is_certain && getline(&line, &size, mounts) >= 0) {
    is_certain = read_mount(line, &mount) && !may_be_mounted(&mount, name);
    if (is_certain && !mount.is_fuse) forget_found(all, mount.id);
  }
  is_certain = is_certain && !ferror(mounts);
  free(line);
  fclose(mounts);
  return is_certain && all->count == 0;
}

// Whether a descriptor is none of a file by that name, or was added to those that are.
static bool is_other (uint32_t process, int folder, const char *descriptor, const char *name, namesakes_t *all) {
  char link[PATH_MAX];
  ssize_t length = readlinkat(folder, descriptor, link, sizeof(link) - 1);
  if (length < 0) return false;
  link[length] = '\0';
  return !may_be_named(link, name) || add_namesake(all, process, descriptor);
}

static bool has_only_others (uint32_t process, const char *name) {
  char path[64];
  snprintf(path, sizeof(path), "/proc/%u/fd", process);
  DIR *folder = opendir(path);
  if (folder == NULL) return false;
  namesakes_t namesakes = { .count = 0 };
  uint32_t count = 0;
  bool are_others = true;
  struct dirent *entry;
  while (are_others && (errno = 0, entry = readdir(folder)) != NULL) {
    if (entry->d_name[0] == '.') continue;
    are_others = ++count <= most_descriptors && is_other(process, dirfd(folder), entry->d_name, name, &namesakes);
  }
  are_others = are_others && errno == 0;
  closedir(folder);
  return are_others && are_elsewhere(process, &namesakes, name);
}

double faults_if_alone (uint32_t thread, const char *name) {
  if (thread == 0 || !knows_our_numbers() || !is_one_that_goes_on(thread)) return -1;
  if (!has_only_others(thread, name)) return -1;
  return has_no_children(thread) ? faults_of_children(thread) : -1;
}
