// A program that closes its file as soon as that is mapped: mapping-writer FILE dirty|synced killed|unmapped. It writes "half" through
// the mapping, syncs it if it is to, and is killed, or takes the mapping away and lives on until its standard input ends.
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static const size_t length = 8192;

static void check(int isGood, const char *what) {
  if (isGood) return;
  perror(what);
  exit(2);
}

int main(int count, char **arguments) {
  check(count == 4, "usage");
  int file = open(arguments[1], O_CREAT | O_RDWR, 0600);
  check(file >= 0 && ftruncate(file, length) == 0, "open");
  char *memory = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  check(memory != MAP_FAILED && close(file) == 0, "mmap");
  memcpy(memory, "half", 4);
  if (strcmp(arguments[2], "synced") == 0) check(msync(memory, length, MS_SYNC) == 0, "msync");
  if (strcmp(arguments[3], "killed") == 0) raise(SIGKILL);
  check(munmap(memory, length) == 0, "munmap");
  char end;
  check(read(0, &end, 1) == 0, "read");
  return 0;
}
