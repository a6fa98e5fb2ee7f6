// Who calls: looked up while the caller waits for its answer, by the thread that reads its call.
#include "callers.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

// @see proc(5), /proc/pid/status
static uint32_t process_of (uint32_t thread) {
  static const char name[] = "\nTgid:";
  char text[1024];
  if (!read_start("/proc/%u/status", thread, text, sizeof(text))) return 0;
  const char *line = strstr(text, name);
  return line == NULL ? 0 : strtoul(line + strlen(name), NULL, 10);
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
