// What goes to the disk of the state directory, in one go of one thread: to hand a call over to a thread, and to hear from it again,
// costs more than most of the calls.
#ifndef DISK_H
#define DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// How one ended: the errno of the step that failed, or 0, and whether all steps before the syncs were done.
typedef struct {
  int error;
  bool is_written;
} disk_result_t;

// Writes all of it. And if it is to be synced, it is on disk after that: ENOENT, if the file has no name any longer.
disk_result_t disk_write (int file, const void *bytes, size_t length, uint64_t position, bool sync);
// What was written to it is on disk after that, and its name is, too, in a folder that is new to it. Returns 0, or the errno.
int disk_sync (int file, const char *folder);

#endif
