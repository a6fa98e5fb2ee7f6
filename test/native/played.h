// The binding's threads between a kernel and a JavaScript that are played: calls at random, answered in any order.
#ifndef PLAYED_H
#define PLAYED_H

#include "../../native/session.h"

// Says what is wrong, and ends the program.
void wrong (const char *what, uint64_t one, uint64_t other) __attribute__((noreturn));
uint32_t chance (uint32_t of);

// kernel.c: the two ends of /dev/fuse.

// What comes of a call: bytes behind the header.
typedef struct {
  int error;
  size_t length;
  _Alignas(8) char bytes[8192];
} answer_t;

// session.c: the kernel is told of an entry, with the answer itself: whoever waits for it may come later.
void learn (const struct fuse_entry_out *out);

// Asks, and waits for the answer. Now and then a signal comes meanwhile, or the answer is no longer wanted: ECONNABORTED.
void ask (uint32_t opcode, uint64_t node, const void *head, size_t head_length, const void *tail, size_t tail_length, answer_t *answer);
// Tells, without an answer.
void tell_forget (uint64_t node, uint64_t lookups);
void tell_forgets (const struct fuse_forget_one *all, uint32_t count);
void kernel_begin (uint32_t dying);
void kernel_end ();

// javascript.c: files are known by numbers, which are their sizes, too.
void javascript_begin (session_t *it);
void javascript_end ();
// How many handles are open.
uint32_t handles_open ();

#endif
