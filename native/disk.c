// Writes and syncs of the state directory. All of it blocks for as long as the disk takes.
#include "disk.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static int write_all (int file, const char *bytes, size_t length, uint64_t position) {
  for (size_t done = 0; done < length;) {
    ssize_t count = pwrite(file, bytes + done, length - done, position + done);
    if (count < 0 && errno != EINTR) return errno;
    // No error, and nothing written: a disk does not do that, and to try for ever would hang.
    if (count == 0) return EIO;
    if (count > 0) done += count;
  }
  return 0;
}

// What is synced to a file that was deleted is gone all the same.
static int sync_named (int file) {
  struct stat found;
  if (fdatasync(file) != 0 || fstat(file, &found) != 0) return errno;
  return found.st_nlink == 0 ? ENOENT : 0;
}

disk_result_t disk_write (int file, const void *bytes, size_t length, uint64_t position, bool sync) {
  int error = write_all(file, bytes, length, position);
  if (error != 0) return (disk_result_t) { error, false };
  return (disk_result_t) { sync ? sync_named(file) : 0, true };
}

static int sync_folder (const char *path) {
  int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return errno;
  int error = fsync(folder) == 0 ? 0 : errno;
  close(folder);
  return error;
}

int disk_sync (int file, const char *folder) {
  if (fdatasync(file) != 0) return errno;
  return sync_folder(folder);
}
