// A program whose file is a ring's (io_uring) and no descriptor's: ring-writer FILE opened|registered closed|killed|left. It opens
// the file in the ring, or registers one and closes the descriptor; writes "half" through the ring, and closes it there, is killed,
// or ends without a close. Ends with 77 where the kernel has no rings for it.
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/io_uring.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static struct io_uring_params params;
static char *submissions, *completions;
static struct io_uring_sqe *entries;
static int ring;

static void check(int isGood, const char *what) {
  if (isGood) return;
  perror(what);
  exit(2);
}

static char *mapped(size_t length, off_t offset) {
  char *memory = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring, offset);
  check(memory != MAP_FAILED, "mmap");
  return memory;
}

static void begin(void) {
  ring = syscall(__NR_io_uring_setup, 8, &params);
  if (ring < 0) exit(77);
  submissions = mapped(params.sq_off.array + params.sq_entries * sizeof(uint32_t), IORING_OFF_SQ_RING);
  completions = mapped(params.cq_off.cqes + params.cq_entries * sizeof(struct io_uring_cqe), IORING_OFF_CQ_RING);
  entries = (void *) mapped(params.sq_entries * sizeof(struct io_uring_sqe), IORING_OFF_SQES);
}

// Waits for its end, and gives its result.
static int done(struct io_uring_sqe entry) {
  uint32_t *tail = (void *) (submissions + params.sq_off.tail);
  uint32_t at = *tail & *(uint32_t *) (submissions + params.sq_off.ring_mask);
  entries[at] = entry;
  ((uint32_t *) (submissions + params.sq_off.array))[at] = at;
  __atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
  check(syscall(__NR_io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) == 1, "enter");
  uint32_t *head = (void *) (completions + params.cq_off.head);
  uint32_t mask = *(uint32_t *) (completions + params.cq_off.ring_mask);
  int result = ((struct io_uring_cqe *) (completions + params.cq_off.cqes))[*head & mask].res;
  __atomic_store_n(head, *head + 1, __ATOMIC_RELEASE);
  return result;
}

int main(int count, char **words) {
  check(count == 4, "FILE opened|registered closed|killed|left");
  begin();
  int isOpened = strcmp(words[2], "opened") == 0;
  int file = isOpened ? -1 : open(words[1], O_WRONLY | O_CREAT, 0644);
  check(isOpened || file >= 0, "open");
  check(syscall(__NR_io_uring_register, ring, IORING_REGISTER_FILES, &file, 1) == 0, "register");
  if (isOpened) {
    struct io_uring_sqe opening = { .opcode = IORING_OP_OPENAT, .fd = AT_FDCWD, .addr = (uintptr_t) words[1], .len = 0644 };
    opening.open_flags = O_WRONLY | O_CREAT;
    opening.file_index = 1;
    check(done(opening) == 0, "open in the ring");
  } else check(close(file) == 0, "close");
  struct io_uring_sqe writing = { .opcode = IORING_OP_WRITE, .flags = IOSQE_FIXED_FILE, .addr = (uintptr_t) "half", .len = 4 };
  check(done(writing) == 4, "write");
  if (strcmp(words[3], "killed") == 0) kill(getpid(), SIGKILL);
  if (strcmp(words[3], "left") == 0) return 0;
  struct io_uring_sqe closing = { .opcode = IORING_OP_CLOSE, .file_index = 1 };
  check(done(closing) == 0, "close in the ring");
  // It is there when that is looked for.
  puts("closed");
  fflush(stdout);
  check(read(STDIN_FILENO, &count, 1) >= 0, "read");
  return 0;
}
