// Files as disk.c writes them, and what it says of a disk that does not do it.
#include "../../native/disk.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int folder;

// What was done, one letter each: w(rite), s(ync of data), f(ull sync); and what is to fail next, or to be done by halves.
static char done[64];
static char failing;
static int failure;

static void note (char what) {
  size_t length = strlen(done);
  assert(length + 1 < sizeof(done));
  done[length] = what;
  done[length + 1] = '\0';
}

static bool is_to_fail (char what) {
  if (failing != what) return false;
  failing = '\0';
  errno = failure;
  return true;
}

ssize_t __real_pwrite (int file, const void *bytes, size_t length, off_t position);
int __real_fdatasync (int file);
int __real_fsync (int file);

ssize_t __wrap_pwrite (int file, const void *bytes, size_t length, off_t position) {
  note('w');
  if (is_to_fail('w')) return failure == 0 ? 0 : -1;
  if (is_to_fail('h')) length = (length + 1) / 2;
  return __real_pwrite(file, bytes, length, position);
}

int __wrap_fdatasync (int file) {
  note('s');
  return is_to_fail('s') ? -1 : __real_fdatasync(file);
}

int __wrap_fsync (int file) {
  note('f');
  return is_to_fail('f') ? -1 : __real_fsync(file);
}

static void fail_next (char what, int error) {
  failing = what;
  failure = error;
}

// In this order, and no more, since the last time.
static void did (const char *what) {
  assert(strcmp(done, what) == 0);
  done[0] = '\0';
}

static void holds (const char *name, const char *bytes, size_t length) {
  char found[64];
  int file = openat(folder, name, O_RDONLY);
  assert(file >= 0);
  assert(read(file, found, sizeof(found)) == (ssize_t) length && memcmp(found, bytes, length) == 0);
  close(file);
}

static void fails (disk_result_t result, int error, bool is_written) {
  assert(result.error == error && result.is_written == is_written);
}

static int made (const char *name) {
  int file = openat(folder, name, O_RDWR | O_CREAT | O_EXCL, 0600);
  assert(file >= 0);
  return file;
}

static void test_write () {
  int file = made("one");
  fails(disk_write(file, "order", 5, 0, true), 0, true);
  fails(disk_write(file, "ORD", 3, 0, false), 0, true);
  fails(disk_write(file, "s", 1, 5, true), 0, true);
  holds("one", "ORDers", 6);
  fails(disk_write(file, NULL, 0, 0, true), 0, true);
  fails(disk_write(-1, "s", 1, 0, true), EBADF, false);
  // Of a file that was removed nothing is on disk.
  assert(unlinkat(folder, "one", 0) == 0);
  fails(disk_write(file, "s", 1, 5, false), 0, true);
  fails(disk_write(file, "s", 1, 5, true), ENOENT, true);
  close(file);
}

static void test_disk_that_fails () {
  int full = open("/dev/full", O_WRONLY);
  if (full >= 0) fails(disk_write(full, "order", 5, 0, true), ENOSPC, false);
  close(full);
  // It takes all, and can't be synced.
  int null = open("/dev/null", O_WRONLY);
  assert(null >= 0);
  fails(disk_write(null, "order", 5, 0, false), 0, true);
  fails(disk_write(null, "order", 5, 0, true), EINVAL, true);
  close(null);
}

// Whoever was told that it is on disk must be able to rely on it.
static void test_order () {
  did(done);
  int file = made("one");
  fails(disk_write(file, "order", 5, 0, false), 0, true);
  did("w");
  fails(disk_write(file, "order", 5, 0, true), 0, true);
  did("ws");
  fail_next('w', EIO);
  fails(disk_write(file, "order", 5, 0, true), EIO, false);
  did("w");
  fail_next('w', EINTR);
  fails(disk_write(file, "again", 5, 0, true), 0, true);
  did("wws");
  fail_next('h', 0);
  fails(disk_write(file, "halves", 6, 0, true), 0, true);
  did("wws");
  holds("one", "halves", 6);
  fail_next('w', 0);
  fails(disk_write(file, "order", 5, 0, true), EIO, false);
  did("w");
  fail_next('s', EIO);
  fails(disk_write(file, "order", 5, 0, true), EIO, true);
  did("ws");
  close(file);
  assert(unlinkat(folder, "one", 0) == 0);
}

// A new file is on disk only with its name.
static void test_new_file (const char *path) {
  did(done);
  int file = made("one");
  assert(disk_sync(file, path) == 0);
  did("sf");
  fail_next('s', EIO);
  assert(disk_sync(file, path) == EIO);
  did("s");
  fail_next('f', ENOSPC);
  assert(disk_sync(file, path) == ENOSPC);
  did("sf");
  assert(disk_sync(file, "/tmp/as2fs-no-such-folder") == ENOENT);
  did("s");
  assert(disk_sync(-1, path) == EBADF);
  close(file);
  assert(unlinkat(folder, "one", 0) == 0);
}

int main () {
  char path[] = "/tmp/as2fs-disk-XXXXXX";
  assert(mkdtemp(path) != NULL);
  folder = open(path, O_RDONLY | O_DIRECTORY);
  assert(folder >= 0);
  test_write();
  test_disk_that_fails();
  test_order();
  test_new_file(path);
  close(folder);
  assert(rmdir(path) == 0);
  return 0;
}
