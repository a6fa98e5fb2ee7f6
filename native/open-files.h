// Open files that can only be read and stay as they were opened: objects. What JavaScript has given of one is read here, and nobody
// waits for it to hear that one is closed.
#ifndef OPEN_FILES_H
#define OPEN_FILES_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// How many that were closed JavaScript hears of at once; of fewer when it is woken for something else, or asks.
#define CLOSED_AT_ONCE 32

// A block is passed when a read begins so far behind its end: the kernel reads ahead as much, in any order. @see src/fuse/readahead.ts
#define PASSED_AFTER (1024 * 1024)

typedef struct open_file open_file_t;
typedef struct block block_t;

// A part of an object, in JavaScript's memory: it is given, until it is told that it is not in use any longer.
struct block {
  block_t *next;            // of its file, or of those that are given back
  uint64_t number;          // JavaScript's
  uint64_t start, end;
  const char *bytes;
  uint64_t served;          // bytes that were read of it here
  uint32_t users;           // threads that answer from it just now
  bool is_over;             // the last of these gives it back
};

struct open_file {
  open_file_t *next;        // of those that are open, or of those that are closed
  open_file_t **link;       // what points to it, while it is open
  uint64_t handle;          // JavaScript's
  char *hidden;             // when it is closed: the path to remove, if it was the last handle of what is hidden
  bool is_large;            // JavaScript reads ahead in it: it hears of the close at once
  atomic_uint reads;        // that were answered here
  double size;
  block_t *blocks;          // in the order in which they were given
  bool is_given;            // all of it follows
  char bytes[];
};

// Its mutex is the session's.
typedef struct {
  open_file_t *open;
  open_file_t *closed;      // JavaScript was not told of these
  open_file_t **last_closed;
  uint32_t closed_count;
  block_t *given_back;      // JavaScript was not told of these
  block_t **last_given_back;
  atomic_ullong answered;   // calls, here
} open_files_t;

#endif
